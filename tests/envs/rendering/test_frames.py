import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from example_view import BLOCK, MARGIN, has, make_view, middle_of

from ram_envs.rendering.frames import Stage, draw, draw_grid, grid, tile
from ram_envs.rendering.painting import GREEN, NIGHT, ORANGE, RAISED, SKY, SLATE, VERMILLION, YELLOW, patch_rgb

pygame = pytest.importorskip("pygame")


@pytest.mark.parametrize("size", [60, 120, 354, 480, 720])
def test_frame_has_its_shape_whatever_it_shows(size):
    views = [
        make_view(),
        make_view(prediction=4, probabilities=np.full(10, 0.1), counts={"right": 3, "wrong": 1}),
        make_view(finished=True, success=True, prediction=3, gaze=np.zeros((30, 2), np.float32)),
        make_view(gaze=np.zeros((0, 2), np.float32)),
    ]
    for view in views:
        frame = draw(view, size=size)
        assert frame.shape == (size, size * 5 // 3, 3)
        assert frame.dtype == np.uint8
        assert draw(view, size=size, panel=False).shape == (size, size, 3)
    assert size % 2 == 0
    assert frame.shape[1] % 2 == 0


@pytest.mark.parametrize("size", [0, 54, 482, 481])
def test_size_that_does_not_fit_is_refused(size):
    with pytest.raises(ValueError, match=f"got {size}"):
        draw(make_view(), size=size)


def test_drawing_is_a_pure_function():
    view = make_view(prediction=2, probabilities=np.linspace(0, 0.2, 10))
    before = [np.array(part, copy=True) for part in (view.scene, view.glimpse, view.gaze, view.probabilities)]
    first = draw(view)
    draw(make_view(prediction=5))
    second = draw(view)
    np.testing.assert_array_equal(first, second)
    assert not np.shares_memory(first, second)
    for kept, part in zip(before, (view.scene, view.glimpse, view.gaze, view.probabilities), strict=True):
        np.testing.assert_array_equal(kept, part)


def test_outside_of_the_windows_the_scene_is_dimmed():
    view = make_view()
    frame = draw(view)
    for row, column in [(0, 0), (0, 23), (23, 0), (23, 23), (5, 20)]:
        np.testing.assert_array_equal(frame[middle_of(row, column)], view.scene[row, column] // 3 + np.array(RAISED))


def test_fine_patch_lies_in_place_at_its_own_resolution():
    view = make_view()
    frame = draw(view)
    for row in range(4):
        for column in range(4):
            if (row, column) in {(1, 1), (1, 2), (2, 1), (2, 2)}:
                continue  # under the ring of the current fixation
            expected = int(view.glimpse[0, row, column] * 255 + 0.5)
            np.testing.assert_array_equal(frame[middle_of(10 + row, 10 + column)], [expected] * 3)


def test_coarse_patch_is_blocky_and_under_the_fine_one():
    view = make_view()
    frame = draw(view)
    coarse = patch_rgb(view.glimpse[1], 1)
    for row in range(8):
        for column in range(8):
            if 1 < row < 6 and 1 < column < 6:
                continue
            np.testing.assert_array_equal(frame[middle_of(8 + row, 8 + column)], coarse[row // 2, column // 2])


def test_patch_that_hangs_outside_leaves_the_panel_alone():
    inside = draw(make_view(glimpse=np.zeros((2, 4, 4), np.float32)))
    hanging = draw(
        make_view(
            glimpse=np.zeros((2, 4, 4), np.float32),
            regions=[(22, 22, 4, 4), (20, 20, 8, 8)],
            gaze=np.ones((1, 2), np.float32),
        )
    )
    np.testing.assert_array_equal(hanging[:, 480:], inside[:, 480:])
    assert not np.array_equal(hanging[:, :480], inside[:, :480])


def test_outlines_have_the_colours_of_their_scales():
    frame = draw(make_view())
    row = middle_of(9, 0)[0]
    assert tuple(frame[row, MARGIN + BLOCK * 8 - 1]) == SKY
    assert tuple(frame[middle_of(10, 0)[0], MARGIN + BLOCK * 10 - 1]) == ORANGE


def test_current_fixation_is_a_ring_around_it():
    for location in [(0.0, 0.0), (-0.5, 0.75), (1.0, -1.0)]:
        frame = draw(make_view(gaze=np.array([location], np.float32)))
        rows, columns = np.nonzero((frame[:, :480] == YELLOW).all(axis=-1))
        centre = [MARGIN + (z + 1) / 2 * 24 * BLOCK for z in location]
        assert (columns.mean(), rows.mean()) == pytest.approx(centre, abs=1)
        assert np.hypot(columns - centre[0], rows - centre[1]).min() > 5  # open: what it looks at stays visible
        assert np.hypot(columns - centre[0], rows - centre[1]).max() < 13


def test_gaze_path_shows_where_and_in_which_order():
    a, b, c = (-0.75, -0.75), (0.75, -0.75), (0.75, 0.75)
    regions = [(19, 19, 4, 4), (17, 17, 8, 8)]
    pictures = [
        draw(make_view(gaze=np.array(path, np.float32), regions=regions))[:, :480]
        for path in ([a, b, c], [b, a, c], [c])
    ]
    unlike = (pictures[0] != pictures[2]).any(axis=-1)
    for x, y in (a, b):
        column, row = (round(MARGIN + (z + 1) / 2 * 24 * BLOCK) for z in (x, y))
        assert unlike[row - 8 : row + 9, column - 8 : column + 9].mean() > 0.7
    between = MARGIN + round(0.125 * 24 * BLOCK)
    assert unlike[between - 2 : between + 3, 240].any()
    assert not unlike[240, 100]
    assert not np.array_equal(pictures[0], pictures[1])


def test_long_gaze_shows_its_latest_part_only():
    rng = np.random.default_rng(0)
    late = rng.uniform(-1, 1, (12, 2)).astype(np.float32)
    early = [rng.uniform(-1, 1, (20, 2)).astype(np.float32) for _ in range(2)]
    first, second = (draw(make_view(gaze=np.concatenate([part, late]))) for part in early)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("shape", [(24, 24), (60, 100), (700, 500)])
@pytest.mark.parametrize("location", [(0.0, 0.0), (-1.0, 0.5), (0.25, 1.0)])
def test_stage_finds_the_location_of_a_point_again(shape, location):
    stage = Stage.fit(np.zeros(shape, np.uint8), 480)
    assert stage.location(stage.point(np.array(location, np.float32))) == pytest.approx(location, abs=1e-5)
    assert stage.location((-50.0, 1000.0)).tolist() == [-1.0, 1.0]


def test_things_pointed_out_are_outlined():
    frame = draw(make_view(objects=(("ball", (3, 4, 1, 1)), ("paddle", (23, 5, 1, 2)))))
    assert tuple(frame[MARGIN + 3 * BLOCK - 2, middle_of(3, 4)[1]]) == YELLOW
    assert tuple(frame[MARGIN + 23 * BLOCK - 2, middle_of(23, 6)[1]]) == SKY


def test_colours_and_long_scenes():
    scene = np.zeros((10, 40, 3), np.uint8)
    scene[..., 0] = 200
    glimpse = np.zeros((1, 4, 4, 3), np.float32)
    glimpse[..., 2] = 1
    frame = draw(
        make_view(scene=scene, glimpse=glimpse, regions=[(0, 0, 4, 4)], gaze=np.array([[-0.8, -0.2]], np.float32))
    )
    pixel, left, top = 11, 20, 185  # 0.92 * 480 / 40, rounded down; the scene in the middle
    np.testing.assert_array_equal(frame[top + 5, left + 5], [0, 0, 255])
    np.testing.assert_array_equal(frame[top + 5 * pixel, left + 30 * pixel], [36 + 200 // 3, 41, 53])
    assert tuple(frame[top - 5, 240]) == NIGHT
    assert tuple(frame[top + 10 * pixel + 5, 240]) == NIGHT


@pytest.mark.parametrize("shape", [(5, 5), (3, 90), (700, 500, 3), (28, 28, 1), (60, 60, 2), (30, 20, 4), (9, 9, 5)])
@pytest.mark.parametrize("k", [1, 3, 7])
@pytest.mark.parametrize("num_actions", [1, 3, 40])
def test_any_scene_and_retina_can_be_drawn(shape, k, num_actions):
    rng = np.random.default_rng(0)
    view = make_view(
        scene=rng.integers(0, 256, shape, dtype=np.uint8),
        glimpse=rng.random((k, 5, 5, *shape[2:]), dtype=np.float32),
        regions=[(-3 * 2**i, 7 - 2**i, 5 * 2**i, 5 * 2**i) for i in range(k)],
        gaze=rng.uniform(-1, 1, (4, 2)).astype(np.float32),
        action_names=tuple(map(str, range(num_actions))),
        probabilities=np.full(num_actions, 1 / num_actions),
        prediction=0,
        label=0,
        success=True,
    )
    frame = draw(view)
    assert frame.shape == (480, 800, 3)
    assert has(frame, GREEN)
    assert tuple(frame[2, 798]) == SLATE


def test_grid_tiles_row_by_row():
    frames = [np.full((10, 20, 3), i + 1, np.uint8) for i in range(5)]
    picture = grid(frames)
    assert picture.shape == (30, 40, 3)
    np.testing.assert_array_equal(picture[::10, ::20, 0], [[1, 2], [3, 4], [5, 0]])
    np.testing.assert_array_equal(grid(frames[:1]), frames[0])
    with pytest.raises(ValueError, match="at least one frame"):
        grid([])


def test_shorter_rows_of_tiles_end_in_black():
    frames = [np.full((10, 20, 3), i + 1, np.uint8) for i in range(4)]
    picture = tile([frames[:1], frames[1:]])
    assert picture.shape == (20, 60, 3)
    np.testing.assert_array_equal(picture[::10, ::20, 0], [[1, 0, 0], [2, 3, 4]])


def test_draw_grid_paints_each_row_as_a_tile():
    views = [make_view(), make_view(prediction=3, finished=True, success=True), make_view(prediction=5, finished=True)]
    picture = draw_grid(views, size=240)
    assert picture.shape == (240, 240, 3)
    np.testing.assert_array_equal(picture[:120, 120:], draw(views[1], size=120, panel=False))
    assert has(picture[:120, 120:], GREEN)
    assert has(picture[120:, :120], VERMILLION)
    assert not has(picture[:120, :120], GREEN)
    assert draw_grid(views[:1]).shape == (480, 480, 3)
    assert draw_grid(views[:1] * 10).shape == (720, 960, 3)
    assert draw_grid(views[:1] * 400).shape == (1200, 1200, 3)


def test_frames_survive_that_someone_quits_pygame():
    view = make_view(prediction=1, probabilities=np.full(10, 0.1))
    first = draw(view)
    pygame.quit()
    np.testing.assert_array_equal(draw(view), first)
    # Words that were never written before need a fresh font.
    assert draw(view._replace(counts={"entirely new": 71})).shape == first.shape


def test_drawing_opens_no_display_and_importing_loads_no_pygame():
    program = """
import os, sys
import numpy as np
from ram_envs.rendering import frames
from ram_envs.rendering import window
assert "pygame" not in sys.modules, "importing loads pygame"
environment = dict(os.environ)
view = frames.View(np.zeros((9, 9), np.uint8), np.zeros((1, 3, 3), np.float32), [(3, 3, 3, 3)],
    np.zeros((1, 2), np.float32), ("a", "b"), 1, 0, True, False, {}, np.array([0.5, 0.5]))
frames.draw(view)
import pygame
assert not pygame.display.get_init(), "drawing opens the display"
assert {name for name in os.environ if name.startswith("SDL")} == {n for n in environment if n.startswith("SDL")}
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)


def test_missing_pygame_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(gymnasium.error.DependencyNotInstalled, match=r"pip install '\.\[render\]'"):
        draw(make_view())
