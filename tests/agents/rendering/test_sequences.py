import numpy as np
import pytest
from ram_agents.rendering import sequences
from ram_agents.rendering.episodes import Episode
from ram_agents.rendering.sequences import foveated

from ram_envs.rendering.painting import rgb
from ram_envs.rendering.view import View

CHANNELS = [(), (1,), (2,), (3,), (4,), (5,)]
"""What follows an image's height and width: nothing for a grey one, or its channels."""


def test_a_glimpse_as_one_picture_is_fine_in_its_middle():
    glimpse = np.stack([np.full((2, 2), value) for value in (3.0, 2.0, 1.0)])
    picture = foveated(glimpse)
    expected = np.ones((8, 8))
    expected[2:6, 2:6] = 2
    expected[3:5, 3:5] = 3
    np.testing.assert_array_equal(picture, expected)
    np.testing.assert_array_equal(foveated(glimpse[:1]), glimpse[0])
    assert foveated(np.zeros((2, 3, 3, 3))).shape == (6, 6, 3)
    assert (glimpse[2] == 1).all()  # left as it was


def images_of(axes):
    """What is shown, each image as an array (H, W, 3)."""
    return [np.asarray(image.get_array()) for image in axes.images]


@pytest.mark.parametrize("channels", CHANNELS)
def test_glimpses_stand_in_a_row_for_each_episode(channels):
    glimpse = np.random.default_rng(0).random((3, 2, 2, 4, 4, *channels), dtype=np.float32)
    (axes,) = sequences.glimpses(glimpse).axes
    expected = [rgb(foveated(glimpse[t, row])) for row in range(2) for t in range(3)]
    np.testing.assert_array_equal(images_of(axes), expected)
    corners = [(image.get_extent()[0], image.get_extent()[3]) for image in axes.images]
    assert corners == [(t, row) for row in range(2) for t in range(3)]


def test_many_glimpses_are_shown_in_part():
    glimpse = np.zeros((9, 1, 1, 2, 4), np.float32)
    glimpse[4] = 1
    (axes,) = sequences.glimpses(glimpse, columns=3).axes
    assert [image.max() for image in images_of(axes)] == [0, 255, 0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "5", "9"]
    assert axes.get_ylim() == (0.5, 0)  # a patch is half as high as it is wide


def test_gaze_paths_lead_through_the_locations():
    gaze = np.array([[[-1, 0.5], [0, 0]], [[0.25, 1], [1, -1]]], np.float32)
    first, second = sequences.gaze_paths(gaze).axes
    for axes, row in ((first, 0), (second, 1)):
        np.testing.assert_array_equal(axes.lines[0].get_xydata(), gaze[:, row])
        np.testing.assert_array_equal(axes.collections[0].get_offsets(), gaze[:, row])
        assert (axes.get_xlim(), axes.get_ylim()) == ((-1, 1), (1, -1))  # (-1, -1) is the top-left corner


def make_view(channels, **changes):
    """A scene 8 x 6 and a retina of two scales, of random values."""
    rng = np.random.default_rng(1)
    view = View(
        scene=rng.integers(0, 256, (8, 6, *channels), dtype=np.uint8),
        glimpse=rng.random((2, 4, 4, *channels), dtype=np.float32),
        regions=[(2, 1, 4, 4), (0, -1, 8, 8)],
        gaze=np.array([[0, 0], [0.5, -0.5]], np.float32),
        action_names=("a", "b"),
        prediction=1,
        label=1,
        finished=False,
        success=True,
        counts={},
        probabilities=np.array([0.25, 0.75]),
    )
    return view._replace(**changes)


@pytest.mark.parametrize("channels", CHANNELS)
def test_montage_shows_the_scene_with_the_path_and_each_glimpse(channels):
    view = make_view(channels)
    wrong = Episode([view, view], False, 0, 4.0)
    right = Episode([view, view, view._replace(finished=True)], True, 1, 4.0)
    scene, first, second, other_scene, only, nothing = sequences.montage([right, wrong]).axes
    for axes, expected in ((scene, rgb(view.scene)), (first, rgb(foveated(view.glimpse)))):
        np.testing.assert_array_equal(images_of(axes), [expected])
    assert scene.lines[0].get_xydata().tolist() == [[3, 4], [4.5, 2]]
    assert [axes.get_title() for axes in (scene, first, second)] == [
        "says b\nright",
        "glimpse 1\nb, 75% sure",
        "glimpse 2\nb, 75% sure",
    ]
    assert [axes.get_title() for axes in (other_scene, only)] == ["says b\nwrong: it is b", "glimpse 1\nb, 75% sure"]
    assert not nothing.get_visible()


def test_montage_tells_what_its_panels_are():
    view = make_view(())
    told = sequences.montage([Episode([view, view], True, 0, 4.0)]).get_supxlabel()
    assert "the scene" in told
    assert "green: right" in told
    game = view._replace(label=None, counts={"caught": 1, "missed": 0})
    figure = sequences.montage([Episode([game, game], False, 0, 4.0)])
    assert "green" not in figure.get_supxlabel()
    assert figure.axes[0].get_title() == "missed"


def test_gaze_on_scenes_is_large_and_numbered():
    view = make_view(())
    ends = [Episode([view, view], True, 0, 4.0), Episode([view, view._replace(prediction=0)], False, 1, 4.0)]
    figure = sequences.gaze_on_scenes([*ends, ends[0], ends[0]])
    first, second, third, fourth, *rest = figure.axes
    figure.canvas.draw()
    assert first.get_window_extent().height > 200  # pixels, on TensorBoard's page
    np.testing.assert_array_equal(images_of(first), [rgb(view.scene)])
    assert first.lines[0].get_xydata().tolist() == [[3, 4], [4.5, 2]]
    assert [(text.get_text(), *text.get_position()) for text in first.texts] == [("1", 3, 4), ("2", 4.5, 2)]
    assert [axes.get_title() for axes in (first, second)] == ["says b\nright", "says a\nwrong: it is b"]
    assert [axes.get_visible() for axes in (third, fourth, *rest)] == [True, True, False, False]
