import numpy as np
import pytest
from ram_agents.rendering.keys import with_keys

from ram_envs.rendering.painting import GREY, SLATE, YELLOW

pytest.importorskip("pygame")


def has(picture, colour):
    return bool((np.abs(picture.astype(int) - colour) <= 40).all(axis=-1).any())


@pytest.mark.parametrize("shape", [(480, 800, 3), (480, 480, 3), (120, 960, 3)])
def test_keys_stand_below_the_frame_and_paused_in_yellow(shape):
    frame = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    height, width, _ = shape
    playing, still = (with_keys(frame, speed=1.5, paused=paused) for paused in (False, True))
    for picture in (playing, still):
        assert picture.shape == (height + width // 20, width, 3)
        np.testing.assert_array_equal(picture[:height], frame)
        below = picture[height:]
        assert has(below[:, : 7 * width // 10], GREY)
        for edge in (below[:, :2], below[:, -2:], below[:, int(0.75 * width) : int(0.8 * width)]):
            assert (edge == SLATE).all()  # nothing is cut off, and the words keep apart
    assert has(still[height:], YELLOW)
    assert not has(playing[height:], YELLOW)
    assert (with_keys(frame, speed=2, paused=False) != playing).any()
