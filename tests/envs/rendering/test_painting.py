import itertools

import numpy as np
import pytest

from ram_envs.rendering.painting import WHITE, patch_rgb, rgb, surface_on, write

pytest.importorskip("pygame")


def test_coarse_scales_are_brightened_but_keep_their_order():
    values = np.linspace(0, 1, 17, dtype=np.float32).reshape(1, 17)
    grey = [patch_rgb(values, scale)[0, :, 0].astype(int) for scale in range(4)]
    np.testing.assert_array_equal(grey[0], rgb(values)[0, :, 0])
    for finer, coarser in itertools.pairwise(grey):
        assert (np.diff(coarser) > 0).all()
        assert (coarser >= finer).all()
        assert (coarser[0], coarser[-1]) == (0, 255)
    assert grey[2][1] == 64  # one white pixel of 16, averaged: (1 / 16) ** (1 / 2) of 255


@pytest.mark.parametrize(
    ("channels", "expected"), [(1, [9, 9, 9]), (3, [9, 30, 60]), (2, [19, 19, 19]), (4, [48, 48, 48])]
)
def test_channels_become_colours(channels, expected):
    image = np.array([9, 30, 60, 93], np.uint8)[:channels].reshape(1, 1, channels)
    np.testing.assert_array_equal(rgb(image)[0, 0], expected)
    assert rgb(np.full((2, 3), 0.5, np.float32)).tolist() == [[[128] * 3] * 3] * 2


def test_nothing_can_be_written_too():
    canvas = np.zeros((40, 40, 3), np.uint8)
    assert write(surface_on(canvas), "", (20, 20), height=12, colour=WHITE).width == 0
    assert not canvas.any()
    assert write(surface_on(canvas), "word", (2, 20), height=12, colour=WHITE).width > 10
    assert canvas.any()
