"""What docs/integrations.md warns of, held against the libraries themselves: `make test-integrations`."""

from __future__ import annotations

import runpy
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("torchrl", reason="tested in a virtual environment of its own")
pytest.importorskip("tianshou", reason="tested in a virtual environment of its own")
pytest.importorskip("skrl", reason="tested in a virtual environment of its own")

import torch
from places import EXAMPLES
from ram_agents import RAM
from skrl.envs.wrappers.torch import wrap_env
from tensordict.nn import TensorDictModule, TensorDictSequential
from tianshou.algorithm.modelfree.reinforce import ProbabilisticActorPolicy
from tianshou.utils.net.common import Net
from torchrl.data import Unbounded
from torchrl.envs import Compose, GymEnv, GymWrapper, InitTracker, TensorDictPrimer, TransformedEnv
from torchrl.modules import set_recurrent_mode
from torchrl.objectives.value import GAE

from ram_envs.wrappers import FlatAction, VectorFlatAction, VectorGridAction

ID, KWARGS = "ram_envs/GlimpseMNIST-v0", {"num_glimpses": 3, "patch_size": 4}


def vector(mode: str, num_envs: int = 3) -> gym.vector.VectorEnv:
    return gym.make_vec(ID, num_envs=num_envs, autoreset_mode=mode, **KWARGS)


def sync_same_step() -> gym.vector.VectorEnv:
    """Gymnasium's own vector environment, of single ones with flat actions."""
    make = [lambda: FlatAction(gym.make(ID, **KWARGS))] * 3
    return gym.vector.SyncVectorEnv(make, autoreset_mode=gym.vector.AutoresetMode.SAME_STEP)


def test_torchrl_makes_an_environment_by_its_id() -> None:
    assert GymEnv(ID, **KWARGS).rollout(3).shape == (3,)


def test_torchrl_overwrites_the_observed_location_with_the_dict_actions() -> None:
    """Both have the same name, in one tensordict; other forms of an action, or another name, leave only one."""
    apart: list[dict[str, Any]] = [{"action": form} for form in ("flat", "grid", "discrete")]
    for arguments in ({}, {"action_location_key": "look"}, *apart):
        played = GymWrapper(gym.make(ID, **KWARGS, **arguments)).rollout(3)
        assert torch.equal(played["location"][1:], played["next", "location"][:-1]) is bool(arguments)


def test_torchrl_keeps_a_dict_actions_location_by_another_name() -> None:
    """What is in its data is what was seen and what was done."""
    played = GymWrapper(gym.make(ID, **KWARGS, action_location_key="look")).rollout(3)
    assert not torch.equal(played["look"], played["location"])
    torch.testing.assert_close(played["look"][:2], played["next", "location"][:2])


def test_torchrl_plays_what_the_environment_plays() -> None:
    """Without autoreset: observations, last ones too, rewards and ends, over three episodes in every row."""
    env, plain = GymWrapper(VectorFlatAction(vector("Disabled"))), VectorFlatAction(vector("Disabled"))
    env.set_seed(3)
    played = env.rollout(9, break_when_any_done=False)
    plain.reset(seed=3)  # As TorchRL resets to seed, and again to begin.
    observations, _ = plain.reset()
    for t in range(9):
        for key, value in observations.items():
            np.testing.assert_array_equal(played[key][:, t], value)
        observations, rewards, terminated, _, _ = plain.step(played["action"][:, t].numpy())
        for key, value in observations.items():
            np.testing.assert_array_equal(played["next", key][:, t], value)
        np.testing.assert_array_equal(played["next", "reward"][:, t, 0], rewards)
        np.testing.assert_array_equal(played["next", "terminated"][:, t, 0], terminated)
        if terminated.any():
            observations, _ = plain.reset(options={"reset_mask": terminated})


@pytest.mark.parametrize("make", [lambda: VectorFlatAction(vector("SameStep")), sync_same_step])
def test_torchrl_same_step_loses_last_observations(make: Any) -> None:
    """Of any environment whose observation is a Dict, Gymnasium's own vector environment included."""
    played = GymWrapper(make()).rollout(3, break_when_any_done=False)
    assert played["next", "done"][:, 2].all()
    assert (played["next", "location"][:, 2] == 0).all()
    assert (played["next", "location"][:, :2] != 0).all()


def test_torchrl_takes_no_dict_action_of_a_vector_environment_and_no_next_step() -> None:
    with pytest.raises(ValueError, match=r"spec\.shape"):
        GymWrapper(vector("Disabled"))
    with pytest.raises(RuntimeError, match="auto-reset mode"):
        GymWrapper(VectorFlatAction(vector("NextStep")))


def test_torchrl_advantages_of_a_recurrent_critic_need_shifted() -> None:
    """Otherwise the value after each episode's first step is computed without a memory."""
    recurrent_class = runpy.run_path(str(EXAMPLES / "torchrl_ppo.py"))["Recurrent"]
    envs = vector("Disabled", 8)
    torch.manual_seed(0)
    recurrent = recurrent_class(RAM(envs.single_observation_space, envs.single_action_space, hidden_size=16))
    act = TensorDictModule(
        lambda mean, logits: torch.cat([mean, logits], -1),
        [("params", "gaze", "loc"), ("params", "choice", "logits")],
        ["action"],
    )
    memory = TensorDictPrimer(memory=Unbounded((1, 16)), expand_specs=True)
    env = TransformedEnv(GymWrapper(VectorFlatAction(envs)), Compose(InitTracker(), memory))
    env.set_seed(0)
    with torch.no_grad():
        data = env.rollout(3, TensorDictSequential(recurrent, act), break_when_any_done=False)
        with set_recurrent_mode(True):
            whole = recurrent(data.clone())
    # The whole sequence at once says what single steps said.
    torch.testing.assert_close(whole["state_value"], data["state_value"])
    torch.testing.assert_close(whole["params", "gaze", "loc"], data["params", "gaze", "loc"])
    returns = data["next", "reward"].sum(1, keepdim=True)
    errors = {}
    for shifted in (True, False):
        copy = data.exclude("state_value", ("next", "state_value"))
        with set_recurrent_mode(True):
            GAE(gamma=1, lmbda=1, value_network=recurrent, shifted=shifted)(copy)
        errors[shifted] = (copy["advantage"] - (returns - data["state_value"])).abs().max().item()
    assert errors[True] < 1e-5
    assert errors[False] > 1e-3


def test_tianshou_takes_no_dict_action() -> None:
    env = gym.make(ID, **KWARGS)
    with pytest.raises(ValueError, match="Unsupported action space"):
        ProbabilisticActorPolicy(
            actor=Net(state_shape=2, action_shape=12),
            dist_fn=torch.distributions.Normal,
            action_space=env.action_space,
            action_scaling=False,
        )


def test_skrl_does_not_know_the_vector_environment_by_itself() -> None:
    with pytest.raises(ValueError, match="Unknown wrapper type"):
        wrap_env(VectorGridAction(vector("SameStep")), verbose=False)
    assert wrap_env(VectorGridAction(vector("SameStep")), wrapper="gymnasium", verbose=False).num_envs == 3


def test_skrl_cannot_render_it() -> None:
    envs = gym.make_vec(ID, num_envs=3, autoreset_mode="SameStep", render_mode="rgb_array", **KWARGS)
    env = wrap_env(VectorGridAction(envs), wrapper="gymnasium", verbose=False)
    env.reset()
    with pytest.raises(AttributeError, match="call"):
        env.render()
