"""The location network that scores cells: its grid, its features and its looks, by hand and against slow code."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from gymnasium import spaces
from ram_agents import RAM
from ram_agents.model.cells import (
    LIGHT,
    NORMALISED_SEEN,
    SEEN,
    CellLocationNetwork,
    CellMeanLocationNetwork,
    remember,
    remembered,
)
from ram_agents.model.config import RAMConfig
from ram_agents.model.forms import has_saccades

SHAPE = 3, 4, 4
INF = float("inf")


def network(shape=SHAPE, *, relative: bool = True, **options: int) -> CellLocationNetwork:
    torch.manual_seed(0)
    return CellLocationNetwork(input_size=32, glimpse_shape=shape, relative=relative, **options)


def looks_of(*places: tuple[float, float], rows: int = 1) -> torch.Tensor:
    looks = torch.zeros(rows, 32)
    for place in places:
        looks = remember(looks, torch.tensor([place] * rows))
    return looks


def model(*, relative: bool, shape=SHAPE, **options) -> RAM:
    torch.manual_seed(0)
    far = INF if relative else 1.0
    seen = spaces.Dict(glimpse=spaces.Box(0, 1, shape), location=spaces.Box(-far, far, (2,)))
    act = spaces.Dict(location=spaces.Box(-1, 1, (2,)), action=spaces.Discrete(4))
    sizes = {"glimpse_size": 16, "location_size": 16, "hidden_size": 32, "location_network": "cells"}
    return RAM(seen, act, **(sizes | options))


def observation(rows: int = 5, shape=SHAPE) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        "glimpse": torch.rand(rows, *shape, generator=generator),
        "location": torch.rand(rows, 2, generator=generator) * 2 - 1,
    }


def test_the_newest_look_is_first_and_the_oldest_falls_out() -> None:
    looks = looks_of(*[(i / 10, -i / 10) for i in range(12)])  # room for 10
    expected = [[i / 10, -i / 10, 1] for i in range(11, 1, -1)]
    np.testing.assert_allclose(remembered(looks)[0], expected, atol=1e-6)
    assert remembered(torch.zeros(2, 32)).shape == (2, 0, 3)


def test_the_places_in_units_of_the_reach() -> None:
    # 4x4 cells of 1, 2 and 4 pixels: the coarsest patch is 16 pixels wide, the reach 8.
    places = network(relative=False).places
    np.testing.assert_allclose(places[2], np.array([-6, -2, 2, 6]) / 8)
    np.testing.assert_allclose(places[0], np.array([-1.5, -0.5, 0.5, 1.5]) / 8)
    action = network(relative=True).places
    torch.testing.assert_close(action.sign() * action.square(), places)  # the saccade lands on the cell


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize(
    ("shape", "num_looks", "memory"),
    [(SHAPE, 2, 0), (SHAPE, 1, 0), (SHAPE, 4, 0), ((3, 4, 4, 2), 2, 0), (SHAPE, 4, 1), (SHAPE, 4, 3), (SHAPE, 2, 3)],
)
@pytest.mark.parametrize("direction", [False, True])
@pytest.mark.parametrize("seen", ["near", "covered"])
def test_features_against_slow_code(relative, shape, num_looks, memory, seen, direction) -> None:
    f_l = network(shape, relative=relative, memory=memory, seen=seen, direction=direction)
    if f_l.reach is not None:
        f_l.reach.data = torch.tensor([0.5, 2.0])
    scale = [1.0, 1.0] if relative else [0.5, 2.0]
    glimpse, location = torch.rand(1, *shape), torch.tensor([[0.25, -0.5]])
    places = [(0.0, -0.25), (0.4, 0.5), (-0.6, -0.4), (0.7, 0.1)][:num_looks]
    features = f_l.features(glimpse, location, looks_of(*places))[0].numpy()  # (k, F, 16)
    colours = shape[3] if len(shape) == 4 else 1
    light = glimpse[0].reshape(3, 4, 4, colours).numpy()
    assert features.shape == (3, 3 * colours + 2 * direction + (3 if seen == "near" else 5), 16)
    for s, row, column in itertools.product(range(3), range(4), range(4)):
        cell = features[s, :, 4 * row + column]
        expected = list(light[s, row, column] * 2**s)
        for width in (3, 5):
            near = range(-(width // 2), width // 2 + 1)
            inside = [
                light[s, row + i, column + j]
                for i, j in itertools.product(near, near)
                if 0 <= row + i < 4 and 0 <= column + j < 4
            ]
            expected += list(sum(inside) * 2**s / width**2)
        middle = s > 0 and row in (1, 2) and column in (1, 2)  # shown by the next finer scale too
        expected.append(float(not middle))
        x, y = ((column - 1.5) * 2**s / 8, (row - 1.5) * 2**s / 8)
        expected += [x, y] if direction else []
        counted = places[-memory:]  # the latest; all of them with 0
        apart = [max(abs((px - 0.25) / scale[0] - x), abs((py + 0.5) / scale[1] - y)) for px, py in counted]
        within = [4, 8]  # pixels: one and two widths of the finest patch
        if seen == "covered":  # half a cell more; and the patches two scales and one finer, from middle to edge
            within = [4 + 2**s / 2, 8 + 2**s / 2, 2**s / 2, 2**s]
        expected += [float(min(apart) < pixels / 8) for pixels in within]
        np.testing.assert_allclose(cell, expected, rtol=1e-5, atol=1e-6)


def test_where_nothing_is_shown_the_weights_of_direction_send_the_eye_on() -> None:
    dark, eye = torch.zeros(1, *SHAPE), torch.zeros(1, 2)
    f_l = network(direction=True)
    with torch.no_grad():
        f_l.weights.weight.zero_()
        f_l.weights.bias[:-1].view(3, -1)[:, -4:-2] = torch.tensor([1.0, -2.0])  # to the right, and twice as much up
    mode = f_l.distribution(f_l(torch.zeros(1, 32), dark, eye, looks_of((0.0, 0.0))), 0.1).mode()
    torch.testing.assert_close(mode.sign() * mode.square(), torch.tensor([[0.75, -0.75]]))  # the farthest cell


def test_an_eye_that_remembers_one_look_goes_to_and_fro() -> None:
    f_l = network(memory=1)
    glimpse = torch.zeros(1, *SHAPE)
    glimpse[0, 2, 0, 0] = glimpse[0, 2, 3, 3] = 0.8
    there, here = (-0.75, -0.75), (0.75, 0.75)
    for looks in (looks_of(there, here), looks_of(here, there)):  # seen from between the two
        seen = f_l.seen(torch.zeros(1, 2), looks)[0, 2, 1].view(4, 4)
        assert seen[0, 0] != seen[3, 3]
        assert network().seen(torch.zeros(1, 2), looks)[0, 2, 1].view(4, 4)[[0, 3], [0, 3]].all()


def test_a_wide_cell_that_a_look_has_met_beside_its_middle_is_covered_though_not_near() -> None:
    # 12x12 cells, the widest of 64 pixels: the look lies 40 pixels from the middle of one, and 8 beyond its edge.
    shape, reach = (7, 12, 12), 384
    look, eye = torch.tensor([[72.0, 32.0]]) / reach, torch.zeros(1, 2)
    looks = looks_of(tuple(look[0].tolist()))
    near, covered = (network(shape, seen=seen).seen(eye, looks)[0, -1].view(-1, 12, 12) for seen in ("near", "covered"))
    assert not near[:, 6, 6].any()  # its middle is at (32, 32)
    assert covered[:, 6, 6].all()
    assert covered[:, 6, 9].tolist() == [0, 0, 0, 1]  # at (224, 32): 152 away, within 192 of the patch of 32 pixels
    assert not covered[:, 6, 10].any()  # 216 away


@pytest.mark.parametrize("most", [2, 5])
def test_a_row_of_fewer_looks_has_seen_no_more_by_the_others(most) -> None:
    f_l, location = network(), torch.zeros(2, 2)  # the eye is where a look that was not is told: at 0
    few, many = looks_of((0.9, 0.9)), looks_of(*[(i / 10, -0.5) for i in range(most)])
    together = f_l.seen(location, torch.cat([few, many]))
    alone = [f_l.seen(location[:1], looks) for looks in (few, many)]
    assert torch.equal(together, torch.cat(alone))
    assert not together[0].bool().all()


def test_an_untrained_eye_goes_to_the_brightest_cell_and_not_back() -> None:
    f_l = network()
    glimpse = torch.zeros(1, *SHAPE)
    glimpse[0, 2, 0, 3] = 0.9
    glimpse[0, 2, 3, 0] = 0.8
    h, location = torch.zeros(1, 32), torch.zeros(1, 2)
    first = f_l.distribution(f_l(h, glimpse, location, looks_of((0.0, 0.0))), 0.1).mode()[0]
    torch.testing.assert_close(first, f_l.places[2, [3, 0]])  # x goes with columns
    saccade = first.sign() * first.square()
    looks = looks_of(tuple(saccade.tolist()), (0.0, 0.0))
    again = f_l.distribution(f_l(h, glimpse, location, looks), 0.1).mode()[0]
    torch.testing.assert_close(again, f_l.places[2, [0, 3]])
    assert LIGHT > 0 > SEEN


def test_normalised_scales_are_taken_as_they_are() -> None:
    sizes = {"input_size": 32, "glimpse_shape": SHAPE, "relative": True}
    plain, alike = CellLocationNetwork(**sizes), CellLocationNetwork(**sizes, alike=True)
    seen, widths = observation(), 2.0 ** torch.arange(3).view(3, 1, 1)
    looks = looks_of((0.1, 0.2), rows=5)
    torch.testing.assert_close(
        plain.features(seen["glimpse"], seen["location"], looks),
        alike.features(seen["glimpse"] * widths, seen["location"], looks),
    )
    for f_l, seen_counts in ((plain, SEEN), (alike, NORMALISED_SEEN)):
        bias = f_l.weights.bias[:-1].view(3, -1)
        assert (bias[:, -2:] == seen_counts).all()
        assert (bias[:, 0] == LIGHT).all()


def test_absolute_cells_lie_around_the_eye() -> None:
    f_l = network(relative=False)
    f_l.reach.data = torch.tensor([0.5, 0.25])
    location = torch.tensor([[0.2, -0.4]])
    parameters = f_l(torch.zeros(1, 32), torch.zeros(1, *SHAPE), location, looks_of((0.2, -0.4)))
    mixture = f_l.distribution(parameters, 0.1)
    corner = mixture.origin[0] + mixture.scale[0] * mixture.axis[-1, -1]
    torch.testing.assert_close(corner, torch.tensor([0.2 + 0.5 * 0.75, -0.4 + 0.25 * 0.75]))


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("averaged", [False, True])
def test_the_eye_lands_beside_a_cells_middle_each_time_in_another_direction(relative, averaged) -> None:
    kind = CellMeanLocationNetwork if averaged else CellLocationNetwork
    still, drifting = (
        kind(input_size=32, glimpse_shape=SHAPE, relative=relative, drift=drift) for drift in (0.0, 0.25)
    )
    drifting.load_state_dict(still.state_dict())
    glimpse, location, looks = torch.zeros(1, *SHAPE), torch.tensor([[0.1, -0.1]]), torch.zeros(1, 32)
    glimpse[0, 0, 3, 1] = 100  # so bright that its cell's weight is 1
    directions = []
    for _ in range(9):
        looks = remember(looks, location)
        eyes = [
            f_l.distribution(f_l(torch.zeros(1, 32), glimpse, location, looks), 0.1).mode() for f_l in (still, drifting)
        ]
        # In pixels of the retina, whose reach is 8: an action a moves the eye by sign(a) a^2 of it.
        landed = [8 * (eye.sign() * eye.square() if relative else eye - location) for eye in eyes]
        x, y = (landed[1] - landed[0])[0].tolist()
        assert math.hypot(x, y) == pytest.approx(0.25 * 4, rel=1e-3)
        directions.append(math.atan2(y, x))
    turns = np.diff(directions) % (2 * math.pi)
    np.testing.assert_allclose(turns, math.radians(137.508), atol=1e-3)


def gravity_of(light: np.ndarray, row: int, column: int) -> tuple[float, float]:
    """By slow code, in cells from the middle of one: (x, y)."""
    near = [(i, j) for i in range(row - 1, row + 2) for j in range(column - 1, column + 2) if 0 <= i < 4 and 0 <= j < 4]
    mass = sum(light[i, j] for i, j in near)
    if mass == 0:
        return 0.0, 0.0
    return sum(light[i, j] * (j - column) for i, j in near) / mass, sum(light[i, j] * (i - row) for i, j in near) / mass


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("colours", [(), (2,)])
def test_the_eye_lands_on_the_centre_of_gravity_around_a_cell(relative, colours) -> None:
    f_l = network((*SHAPE, *colours), relative=relative, gravity=True)
    if f_l.reach is not None:
        f_l.reach.data = torch.tensor([0.5, 2.0])
    glimpse, location = torch.rand(1, *SHAPE, *colours), torch.tensor([[0.25, -0.5]])
    glimpse[0, 1, :2] = 0.0  # no light around some cells: the eye lands on their middle
    glimpse[0, 2, 0, 0] = -0.5  # normalised; below 0 counts for nothing
    light = glimpse[0].numpy().reshape(3, 4, 4, -1).sum(-1).clip(0)
    parameters = f_l(torch.zeros(1, 32), glimpse, location, looks_of((0.25, -0.5)))
    assert parameters.shape == (1, f_l.num_parameters)
    found = f_l.distribution(parameters, 0.1)
    for cell in range(48):
        scale, row, column = cell // 16, cell // 4 % 4, cell % 4
        x, y = gravity_of(light[scale], row, column)
        offset = np.array([(column - 1.5 + x) * 2**scale / 8, (row - 1.5 + y) * 2**scale / 8])
        if relative:
            place = np.sign(offset) * np.sqrt(abs(offset))
        else:
            place = [0.25, -0.5] + offset * [0.5, 2.0]
        chosen = found._replace(log_weight=torch.eye(49)[cell : cell + 1])
        np.testing.assert_allclose(chosen.mode()[0].numpy(), place, rtol=1e-4, atol=1e-6)
    assert (gravity_of(light[1], 0, 1)) == (0.0, 0.0)


def test_from_afar_the_eye_meets_the_middle_of_a_thing() -> None:
    f_l = network(gravity=True)  # cells of 1, 2 and 4 pixels
    glimpse = torch.zeros(1, *SHAPE)
    glimpse[0, 2, 0, 2], glimpse[0, 2, 0, 3] = 0.25, 0.75  # a thing whose middle is 3 pixels right of the first cell's
    place = f_l.distribution(f_l(torch.zeros(1, 32), glimpse, torch.zeros(1, 2), looks_of((0.0, 0.0))), 0.1).mode()[0]
    moved = place.sign() * place.square() * 8  # in pixels
    torch.testing.assert_close(moved, torch.tensor([5.0, -6.0]))


def test_rows_that_began_at_other_times_drift_by_their_own_looks() -> None:
    f_l = CellLocationNetwork(input_size=32, glimpse_shape=SHAPE, relative=False, drift=0.25)
    one, two = looks_of((0.0, 0.0)), looks_of((0.0, 0.0), (0.5, 0.5))
    given = torch.zeros(2, 32), torch.zeros(2, *SHAPE), torch.zeros(2, 2)
    both = f_l(*given, torch.cat([one, two]))
    alone = [f_l(*(part[:1] for part in given), looks) for looks in (one, two)]
    torch.testing.assert_close(both, torch.cat(alone))


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("hidden", [0, 8])
def test_weights_sum_to_one_and_h_decides(relative, hidden) -> None:
    f_l = network(relative=relative, hidden_size=hidden)
    seen = observation()
    looks = remember(torch.zeros(5, 32), seen["location"])
    one, other = (f_l(torch.rand(5, 32), seen["glimpse"], seen["location"], looks) for _ in range(2))
    assert one.shape == (5, f_l.num_parameters) == (5, 3 * 16 + 1 + 6)
    mixture = f_l.distribution(one, 0.1)
    torch.testing.assert_close(mixture.log_weight.exp().sum(1), torch.ones(5))
    assert (mixture.own.abs() < 1).all()
    assert not torch.allclose(one, other)


@pytest.mark.parametrize("relative", [False, True])
def test_the_mean_is_that_of_all_places_by_their_weights(relative) -> None:
    chosen, seen = network(relative=relative), observation()
    averaged = CellMeanLocationNetwork(input_size=32, glimpse_shape=SHAPE, relative=relative)
    averaged.load_state_dict(chosen.state_dict())
    given = torch.rand(5, 32), seen["glimpse"], seen["location"], remember(torch.zeros(5, 32), seen["location"])
    parts, mean = chosen.distribution(chosen(*given), 0.1), averaged(*given)
    for row in range(5):
        cells = [[x, y] for axis in parts.axis.tolist() for y in axis for x in axis]
        places = [*(parts.origin[row] + parts.scale[row] * torch.tensor(cells)).tolist(), parts.own[row].tolist()]
        weights = parts.log_weight[row].exp().tolist()
        expected = [sum(w * place[axis] for w, place in zip(weights, places, strict=True)) for axis in (0, 1)]
        torch.testing.assert_close(mean[row], torch.tensor(expected).clamp(-1, 1))
    assert mean.shape == (5, averaged.num_parameters)
    gaussian = averaged.distribution(mean, 0.1)
    torch.testing.assert_close(gaussian.mode(), mean.detach())
    torch.testing.assert_close(gaussian.log_prob(mean.detach()), torch.full((5,), -math.log(2 * math.pi * 0.1**2)))


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("core", ["rnn", "lstm", "gru"])
def test_ram_remembers_its_looks_beside_the_core(relative, core) -> None:
    ram = model(relative=relative, core=core)
    assert has_saccades(spaces.Dict(location=spaces.Box(-INF, INF, (2,))))
    assert ram.num_states == ram.f_h.num_states + 1
    state = ram.initial_state(5)
    first, second = observation(), observation()
    second["location"] = -first["location"]
    _, state = ram.step(first, state)
    output, state = ram.step(second, state)
    expected = torch.stack([second["location"], first["location"]], dim=1)
    torch.testing.assert_close(remembered(state[-1])[..., :2], expected)
    torch.testing.assert_close(output.location_mean, ram.location_distribution(output.location_parameters).mode())
    assert not output.location_mean.requires_grad


@pytest.mark.parametrize("network", ["cells", "cells-mean"])
@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("detach", [False, True])
def test_detached_location_gradient_stays_in_the_cells_network(network, relative, detach) -> None:
    ram = model(relative=relative, detach_location=detach, location_hidden=8, location_network=network)
    output, _ = ram.step(observation(), ram.initial_state(5))
    ram.location_distribution(output.location_parameters).log_prob(torch.rand(5, 2)).sum().backward()
    reached = {name for name, p in ram.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    own = {name for name, _ in ram.named_parameters() if name.startswith("f_l.")}
    assert own <= reached
    assert any(name.startswith("f_h") for name in reached) is not detach
    assert not any(name.startswith(("f_a", "f_b")) for name in reached)


def test_nothing_is_rounded_under_bfloat16() -> None:
    ram = model(relative=True)
    far = observation()
    far["location"] = torch.full((5, 2), 10.0 + 1 / 512)
    with torch.autocast("cpu", torch.bfloat16):
        output, state = ram.step(far, ram.initial_state(5))
        _, state = ram.step(far, state)
    assert output.location_parameters.dtype == torch.float32
    assert (remembered(state[-1])[..., 0] == 10.0 + 1 / 512).all()


def test_the_options_build_it_again_and_bad_ones_are_named() -> None:
    ram = model(relative=True, glimpse_network="conv")
    again = model(relative=True, **{k: v for k, v in vars(ram.config).items() if k != "location_network"})
    again.load_state_dict(ram.state_dict())
    with pytest.raises(ValueError, match="location_network must be 'linear', 'cells' or 'cells-mean', not 'cell'"):
        RAMConfig(location_network="cell")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"location_drift=0\.25 is from a cell's middle: use it with location_network"):
        RAMConfig(location_drift=0.25)
    with pytest.raises(ValueError, match="location_memory=1 is of cells that were seen: use it with location_network"):
        RAMConfig(location_memory=1)
    with pytest.raises(ValueError, match="location_gravity=True is of the light around a cell: use it with location_"):
        RAMConfig(location_gravity=True)
    with pytest.raises(ValueError, match="location_direction=True is of the way to a cell: use it with location_"):
        RAMConfig(location_direction=True)
    with pytest.raises(ValueError, match="location_seen=covered is of cells that were seen: use it with location_"):
        RAMConfig(location_seen="covered")
    with pytest.raises(ValueError, match="location_seen must be 'near' or 'covered', not 'far'"):
        RAMConfig(location_seen="far", location_network="cells")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"location_memory must be in \[0, 65536\], not -1"):
        RAMConfig(location_memory=-1)
    with pytest.raises(ValueError, match="hidden_size of at least 3, not 2"):
        model(relative=True, hidden_size=2)
    with pytest.raises(ValueError, match="square patches, not 4x6"):
        model(relative=True, shape=(3, 4, 6))
