"""Saccades: displacements worked by hand, edges, and that canvases of any size look the same."""

from __future__ import annotations

import numpy as np
import pytest

from ram_envs.retina.retina import Retina
from ram_envs.retina.saccade import GRAIN, AbsoluteSaccades, RelativeSaccades, make_saccades

RETINA = Retina(12, 3)  # the coarsest patch is 48 pixels: a reach of 24


def test_absolute_locations_are_places() -> None:
    saccades = make_saccades("absolute", RETINA, (60, 100))
    assert isinstance(saccades, AbsoluteSaccades)
    eyes = saccades.start(np.array([[0.25, -1], [0, 1]]))
    assert saccades.gaze(eyes).tolist() == [[0.25, -1], [0, 1]]
    eyes = saccades.move(eyes, np.array([[0.5, 0.5], [-1, 0.75]]))
    for told in (saccades.location(eyes), saccades.gaze(eyes), saccades.centre(eyes), saccades.look_at(eyes, eyes)):
        assert told.dtype == np.float32
        assert told.tolist() == [[0.5, 0.5], [-1, 0.75]]


def test_relative_locations_are_displacements_by_reach_times_their_signed_square() -> None:
    saccades = make_saccades("relative", RETINA, (60, 100))
    assert isinstance(saccades, RelativeSaccades)
    assert saccades.reach == 24
    eyes = saccades.start(np.array([[0, 0], [0.5, -0.5]]))  # pixels from the middle: (0, 0) and (25, -15)
    eyes = saccades.move(eyes, np.array([[0.5, -0.5], [-1, 0.25]], np.float32))
    # By (6, -6), and by (-24, 1.5).
    assert eyes.tolist() == [[6, -6], [1, -13.5]]
    assert saccades.location(eyes).tolist() == np.float32([[0.25, -0.25], [1 / 24, -13.5 / 24]]).tolist()
    assert saccades.gaze(eyes).tolist() == np.float32([[6 / 50, -6 / 30], [1 / 50, -13.5 / 30]]).tolist()


def test_the_eye_stops_at_the_edges() -> None:
    saccades = make_saccades("relative", RETINA, (61, 100))
    eyes = saccades.start(np.array([[0.9, -0.9], [-1, 1]]))
    eyes = saccades.move(eyes, np.array([[1, -1], [-1, 1]]))
    assert eyes.tolist() == [[50, -30.5], [-50, 30.5]]
    assert saccades.gaze(eyes).tolist() == [[1, -1], [-1, 1]]
    assert np.abs(saccades.centre(eyes)).max() == 1


@pytest.mark.parametrize(("patch_size", "num_scales", "reach"), [(8, 1, 4), (12, 4, 48), (5, 2, 5), (1, 1, 0.5)])
def test_the_reach_is_half_the_coarsest_patch(patch_size: int, num_scales: int, reach: float) -> None:
    saccades = make_saccades("relative", Retina(patch_size, num_scales), (60, 60))
    assert saccades.move(np.zeros((1, 2)), np.ones((1, 2))).tolist() == [[min(reach, 30)] * 2]
    assert saccades.location(np.full((1, 2), reach)).tolist() == [[1, 1]]


def test_looking_at_a_place_goes_there_or_as_far_towards_it_as_the_reach() -> None:
    saccades = make_saccades("relative", RETINA, (200, 300))
    eyes = saccades.start(np.array([[0, 0], [0, 0], [0.5, 0.25]]))
    actions = saccades.look_at(eyes, np.array([[-0.04, 0.06], [1, -0.01], [0.5, 0.25]]))  # (-6, 6), (150, -1), (0, 0)
    assert actions.tolist() == np.float32([[-0.5, 0.5], [1, -np.sqrt(1 / 24)], [0, 0]]).tolist()
    np.testing.assert_allclose(saccades.move(eyes, actions) - eyes, [[-6, 6], [24, -1], [0, 0]], atol=GRAIN)


def test_eyes_lie_on_the_grain_and_patches_are_those_of_exact_arithmetic() -> None:
    """Just where a patch jumps by a pixel the retina's own rounding decides nothing."""
    generator = np.random.default_rng(0)
    for height, width in [(28, 28), (61, 47), (100, 333), (999, 1000)]:
        saccades = make_saccades("relative", RETINA, (height, width))
        on_jumps = np.rint(generator.uniform(-1, 1, (500, 2)) * saccades.edge * 2) / 2
        middle = np.array([width, height]) / 2
        eyes = np.clip(on_jumps, -saccades.edge, saccades.edge)
        assert (saccades.start(eyes / saccades.edge) == eyes).all()
        for eye, centre in zip(eyes, saccades.centre(eyes), strict=True):
            for region in RETINA.regions(centre, (height, width)):
                corner = np.floor(eye + middle - region.width / 2 + 0.5)  # in halves: exact
                assert (region.left, region.top) == tuple(corner)


def test_a_zero_has_no_sign() -> None:
    saccades = make_saccades("relative", RETINA, (60, 60))
    eyes = saccades.start(np.array([[-0.0, -1e-9]]))
    assert not np.signbit([eyes, saccades.location(eyes), saccades.move(eyes, np.array([[-0.0, -1e-9]]))]).any()


def test_spaces_are_new_ones() -> None:
    saccades = make_saccades("relative", RETINA, (60, 60))
    assert saccades.location_space() is not saccades.location_space()
    assert saccades.location_space().high.tolist() == [np.inf, np.inf]
    assert make_saccades("absolute", RETINA, (60, 60)).location_space().high.tolist() == [1, 1]


@pytest.mark.parametrize("saccade", ["Relative", None, True])
def test_an_unknown_name_is_refused(saccade: object) -> None:
    with pytest.raises(ValueError, match=f"{saccade!r}.*'absolute' or 'relative'"):
        make_saccades(saccade, RETINA, (60, 60))  # type: ignore[arg-type]
