"""Where things lie in a scene, and what adding them up gives: by hand, against slow code, and as a user sees it."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ram_envs.images.datasets import load_mnist
from ram_envs.tasks.placing import Placement, SceneRules, place
from ram_envs.tasks.scenes import compose, ink_boxes

ALMOST_ONE = np.nextafter(1, 0)  # The largest draw there is.


def slow_compose(
    image: np.ndarray, corner: np.ndarray, distractors: np.ndarray, sources: np.ndarray, rules: SceneRules
) -> np.ndarray:
    """One scene, one pixel at a time, summed in whole numbers and clamped at the end."""
    scene = np.zeros((rules.canvas_height, rules.canvas_width, *image.shape[2:]), int)

    def add(part: np.ndarray, top: int, left: int) -> None:
        for row in range(part.shape[0]):
            for column in range(part.shape[1]):
                if 0 <= top + row < rules.canvas_height and 0 <= left + column < rules.canvas_width:
                    scene[top + row, left + column] += part[row, column]

    add(image, *corner)
    size = rules.distractor_size
    for index, from_top, from_left, top, left in distractors:
        add(sources[index, from_top : from_top + size, from_left : from_left + size], top, left)
    return np.minimum(scene, 255)


def composed(images: np.ndarray, corners: list, distractors: list, rules: SceneRules) -> np.ndarray:
    """Scenes of the first images, with distractors cut from the same images."""
    placement = Placement(
        np.array(corners, np.int64).reshape(-1, 1, 2),
        np.array(distractors, np.int64).reshape(len(corners), rules.num_distractors, 5),
    )
    return compose(images, np.arange(len(corners))[:, None], placement, rules, distractor_images=images)


def test_an_image_lands_at_its_corner_by_hand() -> None:
    image = np.array([[[1, 2], [3, 4]]], np.uint8)
    scene = composed(image, [[1, 0]], [[]], SceneRules(3, 4, 2, 2, distractor_size=1))
    assert scene.dtype == np.uint8
    assert scene.tolist() == [[[0, 0, 0, 0], [1, 2, 0, 0], [3, 4, 0, 0]]]


def test_distractors_are_added_and_clamped_by_hand() -> None:
    images = np.array([[[100, 10], [0, 200]]], np.uint8)
    rules = SceneRules(3, 3, 2, 2, num_distractors=2, distractor_size=1)
    # The pixel 200 onto the pixel 100 makes 300, clamped to 255; the pixel 10 goes to the last row and column.
    scene = composed(images, [[0, 0]], [[[0, 1, 1, 0, 0], [0, 0, 1, 2, 2]]], rules)
    assert scene.tolist() == [[[255, 10, 0], [0, 200, 0], [0, 0, 10]]]


def test_what_hangs_over_the_edge_is_lost_by_hand() -> None:
    image = np.array([[[1, 2], [3, 4]]], np.uint8)
    rules = SceneRules(2, 2, 2, 2, max_shift=1, distractor_size=1)
    for corner, scene in [
        ([-1, -1], [[4, 0], [0, 0]]),
        ([-1, 1], [[0, 3], [0, 0]]),
        ([1, -1], [[0, 0], [2, 0]]),
        ([1, 1], [[0, 0], [0, 1]]),
    ]:
        assert composed(image, [corner], [[]], rules).tolist() == [scene]


@settings(max_examples=300)
@given(
    st.integers(0, 2**32),
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
    st.integers(0, 4),
    st.integers(0, 3),
    st.sampled_from([(), (3,)]),
)
def test_equals_slow_code(
    seed: int, size: tuple[int, int], room: tuple[int, int], num_distractors: int, shift: int, channels: tuple
) -> None:
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (5, *size, *channels), dtype=np.uint8)
    canvas = (size[0] + room[0], size[1] + room[1])
    patch = int(generator.integers(1, min(size) + 1))
    rules = SceneRules(*canvas, *size, max_shift=shift, num_distractors=num_distractors, distractor_size=patch)
    draws = generator.random((7, rules.num_draws))
    draws[0], draws[1] = 0, ALMOST_ONE
    placement = place(draws, rules, num_images=5)
    indices = generator.integers(0, 5, 7)
    scenes = compose(images, indices[:, None], placement, rules, distractor_images=images)
    assert scenes.shape == (7, *canvas, *channels)
    for i in range(7):
        expected = slow_compose(images[indices[i]], placement.corners[i, 0], placement.distractors[i], images, rules)
        np.testing.assert_array_equal(scenes[i], expected)


def test_the_order_of_distractors_does_not_matter() -> None:
    generator = np.random.default_rng(0)
    images = generator.integers(100, 256, (5, 8, 8), dtype=np.uint8)
    rules = SceneRules(12, 12, 8, 8, num_distractors=6, distractor_size=5)
    placement = place(generator.random((20, rules.num_draws)), rules, num_images=5)
    backwards = Placement(placement.corners, placement.distractors[:, ::-1])
    indices = np.zeros((20, 1), np.int64)
    scenes = [compose(images, indices, at, rules, distractor_images=images) for at in (placement, backwards)]
    np.testing.assert_array_equal(*scenes)
    assert (scenes[0] == 255).any(), "nothing was clamped, so nothing was tested"


def test_several_images_are_added_by_hand() -> None:
    images = np.array([[[1, 2]], [[200, 100]]], np.uint8)
    placement = Placement(np.array([[[0, 0], [0, 1]]]), np.zeros((1, 0, 5), np.int64))
    rules = SceneRules(1, 4, 1, 2, distractor_size=1, num_objects=2)
    assert compose(images, np.array([[1, 0]]), placement, rules, distractor_images=images).tolist() == [
        [[200, 101, 2, 0]]
    ]


def test_the_box_of_the_ink_by_hand() -> None:
    images = np.zeros((3, 5, 6), np.uint8)
    images[0, 2, 1] = images[0, 3, 4] = 9
    images[1, 4, 5] = 1
    expected = [[2, 1, 2, 4], [4, 5, 1, 1], [0, 0, 5, 6]]  # of no ink the whole image
    np.testing.assert_array_equal(ink_boxes(images), expected)
    colour = np.zeros((3, 5, 6, 3), np.uint8)
    colour[..., 1] = images
    np.testing.assert_array_equal(ink_boxes(colour), expected)


# As a user sees it: one patch as large as the canvas, looking at its middle, shows the whole scene.


def whole_scenes(name: str, size: int, indices: np.ndarray, *, seed: int = 0, split: str = "train") -> np.ndarray:
    """The scenes of these images, (B, size, size) uint8."""
    arguments = {"patch_size": size, "num_scales": 1, "initial_location": "center", "split": split}
    env = gym.make_vec(f"ram_envs/{name}", num_envs=len(indices), **arguments)
    observation, info = env.reset(seed=seed, options={"indices": indices})
    np.testing.assert_array_equal(info["index"], indices)
    return np.rint(observation["glimpse"][:, 0] * 255).astype(np.uint8)


def test_centred_scenes_are_the_images() -> None:
    indices = np.array([0, 54_999, 7, 7])
    np.testing.assert_array_equal(whole_scenes("GlimpseMNIST-v0", 28, indices), load_mnist("train").images[indices])


def test_translated_scenes_hold_the_digit_whole_and_nothing_else() -> None:
    indices = np.arange(3000)
    scenes = whole_scenes("GlimpseMNIST-Translated-v0", 60, indices)
    images = load_mnist("train").images[indices]
    corners = []
    for scene, image in zip(scenes, images, strict=True):
        top, left = (
            np.flatnonzero(scene.any(axis=axis))[0] - np.flatnonzero(image.any(axis=axis))[0] for axis in (1, 0)
        )
        expected = np.zeros((60, 60), np.uint8)
        expected[top : top + 28, left : left + 28] = image
        np.testing.assert_array_equal(scene, expected)
        corners.append((top, left))
    for axis in np.array(corners).T:
        assert set(axis.tolist()) == set(range(33)), "60 - 28 + 1 positions, the last row and column included"


@pytest.mark.parametrize(("name", "size", "most"), [("Cluttered", 60, 4), ("Cluttered100", 100, 8)])
def test_cluttered_scenes_hold_the_digit_and_a_few_small_patches(name: str, size: int, most: int) -> None:
    indices = np.arange(300)
    scenes = whole_scenes(f"GlimpseMNIST-{name}-v0", size, indices)
    reached = np.zeros((size, size), bool)
    for scene, image in zip(scenes, load_mnist("train").images[indices], strict=True):
        # Where the digit lies its pixels are all there, made brighter at most.
        fits = np.lib.stride_tricks.sliding_window_view(scene, (28, 28))
        rest = scene.astype(int)
        top, left = np.argwhere((fits >= image).all(axis=(2, 3)))[0]
        rest[top : top + 28, left : left + 28] -= image
        assert (rest >= 0).all()
        assert np.count_nonzero(rest) <= most * 64
        reached |= rest > 0
    assert all(edge.any() for edge in (reached[0], reached[-1], reached[:, 0], reached[:, -1]))


def test_clutter_covers_the_papers_number_of_patches() -> None:
    # The light that the scenes have beside their digit's, in units of the average light of a random 8x8 crop.
    images = load_mnist("train").images
    crop = np.lib.stride_tricks.sliding_window_view(images[::5].mean(axis=0), (8, 8)).sum(axis=(2, 3)).mean()
    indices = np.arange(3000)
    for name, size, number in [("Cluttered", 60, 4), ("Cluttered100", 100, 8)]:
        scenes = whole_scenes(f"GlimpseMNIST-{name}-v0", size, indices)
        extra = scenes.sum(axis=(1, 2)).mean() - images[indices].sum(axis=(1, 2)).mean()
        assert 0.9 * number < extra / crop < 1.02 * number  # clamping takes a little


@pytest.mark.parametrize("split", ["test", "validation"])
@pytest.mark.parametrize("name", ["Translated", "Cluttered", "Cluttered100"])
def test_held_out_scenes_depend_on_the_image_alone(name: str, split: str) -> None:
    size, name = 100 if name == "Cluttered100" else 60, f"GlimpseMNIST-{name}-v0"
    first = whole_scenes(name, size, np.array([3, 9, 4, 1]), seed=1, split=split)
    again = whole_scenes(name, size, np.array([1, 3, 3]), seed=77, split=split)
    np.testing.assert_array_equal(again, first[[3, 0, 0]])
    assert len(np.unique(first.reshape(4, -1), axis=0)) == 4


def test_held_out_scenes_differ_in_their_places() -> None:
    scenes = whole_scenes("GlimpseMNIST-Translated-v0", 60, np.arange(500), split="test")
    tops = [np.flatnonzero(scene.any(axis=1))[0] for scene in scenes]
    assert len(set(tops)) > 25


def test_training_scenes_are_made_afresh() -> None:
    scenes = whole_scenes("GlimpseMNIST-Cluttered-v0", 60, np.full(50, 3))
    assert len(np.unique(scenes.reshape(50, -1), axis=0)) == 50


IMAGES = np.full((4, 8, 8), 7, np.uint8)
FORMS = SceneRules(12, 12, 8, 8, num_distractors=1, distractor_size=5)


def scene_of(**changes: Any) -> np.ndarray:
    """One scene with one distractor, some arguments changed."""
    placement = Placement(
        np.array(changes.pop("corners", [[[0, 0]]])), np.array(changes.pop("distractors", [[[3, 3, 3, 0, 0]]]))
    )
    arguments = {"images": IMAGES, "indices": np.zeros((1, 1), np.int64), "distractor_images": IMAGES} | changes
    return compose(placement=placement, rules=FORMS, **arguments)


@pytest.mark.parametrize(
    ("changes", "error", "named"),
    [
        (
            {"distractor_images": IMAGES[:, :6, :6]},
            ValueError,
            r"distractor_images have .*\(4, 6, 6\).*\(M, 8, 8\)",
        ),
        ({"distractor_images": IMAGES[..., None].repeat(3, -1)}, ValueError, r"\(4, 8, 8, 3\)"),
        ({"distractor_images": IMAGES[:0]}, ValueError, r"\(0, 8, 8\)"),
        ({"distractor_images": IMAGES / 255}, TypeError, "distractor_images have dtype float64"),
        ({"distractor_images": IMAGES[:3]}, IndexError, "distractors hold 3, .* 0 to 2"),
        ({"images": IMAGES[:, :6, :6]}, ValueError, r"\(4, 6, 6\), but the rules are of 8x8"),
        ({"images": IMAGES / 255}, TypeError, "images have dtype float64"),
        ({"indices": np.array([[4]])}, IndexError, "indices hold 4"),
        ({"indices": np.array([[-1]])}, IndexError, "indices hold -1"),
        ({"indices": np.array([[0.0]])}, TypeError, "float64"),
        ({"indices": np.array([[0], [1]])}, ValueError, r"corners have shape \(1, 1, 2\); expected \(2, 1, 2\)"),
        ({"indices": np.array([[0, 0]])}, ValueError, r"indices have shape \(1, 2\)"),
        ({"distractors": [[[3, 4, 3, 0, 0]]]}, IndexError, "hold 4, .* 0 to 3"),
        ({"distractors": [[[3, 3, -1, 0, 0]]]}, IndexError, "hold -1"),
        ({"distractors": [[[3, 3, 3, 0]]]}, ValueError, r"distractors have shape \(1, 1, 4\)"),
        ({"out": np.zeros((1, 12, 12), np.int64)}, TypeError, "out have dtype int64"),
        ({"out": np.zeros((2, 12, 12), np.uint8)}, ValueError, r"out have shape \(2, 12, 12\)"),
        ({"out": np.zeros((2, 12, 12), np.uint8), "rows": np.array([2])}, IndexError, "rows hold 2, .* 0 to 1"),
        ({"rows": np.array([-1])}, IndexError, "rows hold -1"),
        ({"rows": np.array([0, 0])}, ValueError, r"rows have shape \(2,\)"),
        ({"out": np.zeros((1, 12, 24), np.uint8)[..., ::2]}, ValueError, "contiguous"),
    ],
)
def test_what_would_reach_foreign_memory_is_refused(changes: dict[str, Any], error: type, named: str) -> None:
    with pytest.raises(error, match=named):
        scene_of(**changes)


def test_some_rows_of_many_scenes_are_painted() -> None:
    out = np.full((4, 12, 12), 9, np.uint8)
    scene_of(out=out, rows=np.array([2]))
    np.testing.assert_array_equal(out[2], scene_of()[0])
    assert (out[[0, 1, 3]] == 9).all()


def test_what_hangs_over_the_edge_is_lost() -> None:
    """The image far outside, the cut of 5x5 half outside: only its own corner is left."""
    far = scene_of(corners=[[[-100, 100]]], distractors=[[[0, 0, 0, 10, -3]]])
    expected = np.zeros((12, 12), np.uint8)
    expected[10:, :2] = 7
    np.testing.assert_array_equal(far[0], expected)
