"""What is done after a glimpse: draws against their distributions, and controls' places worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ram_agents import RAM
from ram_agents.model.choice import choose_action, choose_location, choose_stop, control_places, raster
from ram_agents.model.policy import RAMOutput
from toy_env import PeekVectorEnv


def test_looks() -> None:
    env = PeekVectorEnv(4)
    policy = RAM(env.single_observation_space, env.single_action_space, hidden_size=16, glimpse_size=8)
    mean = torch.full((10_000, 2), 0.5, requires_grad=True)
    generator = torch.Generator().manual_seed(0)
    output = RAMOutput(mean, mean, *[torch.zeros(10_000)] * 3)
    looks = {look: choose_location(policy, output, look, generator) for look in ("sample", "mean")}
    looks |= {look: control_places(look, 10_000, generator, "cpu") for look in ("random", "center")}
    assert not any(location.requires_grad for location in looks.values())
    torch.testing.assert_close(looks["mean"], mean.detach())
    assert (looks["center"] == 0).all()
    assert looks["random"].min() < -0.99
    assert looks["random"].max() > 0.99
    assert looks["sample"].mean().item() == pytest.approx(0.5, abs=0.01)
    with pytest.raises(ValueError, match="not 'away'"):
        choose_location(policy, output, "away", generator)  # type: ignore[arg-type]


def test_actions_are_drawn_from_the_softmax_or_the_likeliest() -> None:
    logits = torch.log(torch.tensor([0.1, 0.6, 0.3])).expand(20_000, 3)
    drawn = choose_action(logits, torch.Generator().manual_seed(0), sample=True)
    np.testing.assert_allclose(torch.bincount(drawn).numpy() / 20_000, [0.1, 0.6, 0.3], atol=0.015)
    assert (choose_action(logits, None, sample=False) == 1).all()


def test_when_to_stop() -> None:
    logit = torch.full((20_000,), -1.0, requires_grad=True)
    drawn = choose_stop(logit, "sample", torch.Generator().manual_seed(0))
    assert drawn.float().mean().item() == pytest.approx(0.269, abs=0.015)  # sigmoid(-1)
    assert choose_stop(torch.tensor([-0.1, 0.1]), "likelier", None).tolist() == [False, True]
    assert not choose_stop(torch.tensor([9.0]), "never", None).any()
    with pytest.raises(ValueError, match="not 'now'"):
        choose_stop(logit, "now", None)  # type: ignore[arg-type]


def test_a_scan_looks_at_its_place() -> None:
    assert control_places("scan", 3, None, "cpu", place=(0.25, -1)).tolist() == [[0.25, -1]] * 3


def test_a_raster_goes_there_and_back() -> None:
    assert raster(1) == [(0, 0)]
    assert raster(4) == [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]
    # Five: two cells above, three below.
    np.testing.assert_allclose(raster(5), [(-0.5, -0.5), (0.5, -0.5), (2 / 3, 0.5), (0, 0.5), (-2 / 3, 0.5)])
    assert raster(2, (10, 100)) == [(-0.5, 0), (0.5, 0)]
    np.testing.assert_allclose(raster(3, (100, 10, 3)), [(0, -2 / 3), (0, 0), (0, 2 / 3)], atol=1e-9)


@pytest.mark.parametrize("shape", [(28, 28), (60, 100), (333, 47)])
def test_a_raster_covers_the_scene_evenly(shape: tuple[int, int]) -> None:
    """No point lies further from a look than a little over the diagonal of a square cell of its share."""
    height, width = shape
    points = np.stack(np.meshgrid(np.linspace(0, width, 40), np.linspace(0, height, 40)), -1).reshape(-1, 2)
    for count in range(1, 30):
        places = (np.array(raster(count, shape)) + 1) / 2 * [width, height]
        assert len({*map(tuple, places)}) == count
        nearest = np.linalg.norm(points[:, None] - places, axis=-1).min(axis=1)
        assert nearest.max() <= max(1.1 * np.sqrt(height * width / count), max(shape) / count)
