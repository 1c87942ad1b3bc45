"""Stable-Baselines3: RAM as a policy for `RecurrentPPO`, fast vector environments, and weights both ways.

    from sb3_contrib import RecurrentPPO
    from ram_agents.sb3 import RAMPolicy, make_vec_env

    model = RecurrentPPO(RAMPolicy, make_vec_env("ram_envs/Catch-v0", n_envs=256), n_steps=23)

See docs/stable-baselines3.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from ram_envs.extras import how_to_install

try:
    import stable_baselines3  # noqa: F401
    from sb3_contrib import RecurrentPPO
except ModuleNotFoundError as error:
    raise ImportError(f"ram_agents.sb3 needs Stable-Baselines3: run {how_to_install('sb3')}") from error

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.type_aliases import GymEnv
from stable_baselines3.common.vec_env import VecEnv

from ..agent.config import Config
from ..agent.envs import Spaces
from ..model.forms import num_actions
from ..training.reinforce import Reinforce
from .distribution import GlimpseDistribution
from .policy import RAMPolicy
from .vecenv import SB3VecEnv, make_vec_env

__all__ = [
    "GlimpseDistribution",
    "LogLabelLoss",
    "RAMPolicy",
    "SB3VecEnv",
    "from_agent",
    "make_vec_env",
    "success_rate",
    "to_agent",
]


class LogLabelLoss(BaseCallback):
    """Log the hybrid loss's cross-entropy (of each update's last minibatch) as "train/label_loss"."""

    policy: RAMPolicy

    def _on_training_start(self) -> None:
        policy = self.model.policy
        if not (isinstance(policy, RAMPolicy) and policy.hybrid):
            raise ValueError(
                "LogLabelLoss is for a RAMPolicy that learns from labels: show them to it with "
                "ram_envs.wrappers.LabelObservation, or leave this callback out"
            )
        self.policy = policy

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        if self.policy.label_loss is not None:  # before the first update there is none
            self.logger.record("train/label_loss", self.policy.label_loss.item())


def from_agent(agent: Reinforce, env: GymEnv, **arguments: Any) -> RecurrentPPO:
    """A `RecurrentPPO` that goes on from a built-in agent's weights, such as `ram_agents.load("mnist28")`.

    Args:
        agent: whose network to take, with its sizes and its std.
        env: to train on, with the flat action, and for the hybrid loss with labels.
        arguments: `RecurrentPPO`'s; `policy_kwargs` among them change what the agent's configuration says.

    Raises:
        ValueError: the environment's glimpses or actions are not those that the agent was made for; or the agent is a
            control that does not look where its network says.
    """
    if agent.config.look != "learned":
        raise ValueError(f"the agent was trained with look={agent.config.look!r}: its location network learned nothing")
    options = {**vars(agent.policy.config), "baseline_probability": agent.config.baseline_probability}
    policy_kwargs = {**options, **arguments.pop("policy_kwargs", {})}
    model = RecurrentPPO(RAMPolicy, env, policy_kwargs=policy_kwargs, **arguments)
    theirs, ours = _sizes(agent.spaces), _sizes(Spaces(model.observation_space, model.action_space))
    if theirs != ours:
        raise ValueError(f"the agent is made for {theirs}, and the environment has {ours}; give it one that fits")
    assert isinstance(model.policy, RAMPolicy)
    model.policy.ram.load_state_dict(agent.policy.state_dict())
    return model


def to_agent(model: RecurrentPPO, *, env_id: str = "", env_kwargs: dict[str, Any] | None = None) -> Reinforce:
    """The built-in agent with the weights of a `RecurrentPPO` model's `RAMPolicy`: to evaluate, watch, save or train.

    Args:
        model: its policy must be a `RAMPolicy`.
        env_id: what the agent's `env_id` is to say, so that it finds its environment.
        env_kwargs: that environment's arguments.

    Raises:
        ValueError: the model has another policy.
    """
    policy = model.policy
    if not isinstance(policy, RAMPolicy):
        raise ValueError(f"the model's policy is {type(policy).__name__}; only a RAMPolicy holds a RAM")
    choice = spaces.Discrete(num_actions(model.action_space))
    action_space = spaces.Dict(location=spaces.Box(-1, 1, (2,)), action=choice)
    config = Config(
        env_id=env_id,
        env_kwargs=env_kwargs or {},
        hybrid=policy.hybrid,
        baseline_probability=policy.baseline_probability,
        **vars(policy.ram.config),
    )
    agent = Reinforce(Spaces(model.observation_space, action_space), config, device=model.device)
    agent.policy.load_state_dict(policy.ram.state_dict())
    return agent


def success_rate(model: BaseAlgorithm, env: VecEnv, num_scenes: int, *, deterministic: bool = True) -> float:
    """The share in [0, 1] of scenes 0, 1, ... that end in success, each seen once by the model's own `predict`.

    Args:
        model: of any algorithm, recurrent or not.
        env: such as `make_vec_env` gives, over the split to test on.
        num_scenes: how many; of Catch, numbered games.
        deterministic: the mode of the policy's distribution in place of samples.
    """
    successes = 0
    for first in range(0, num_scenes, env.num_envs):
        # The last batch is filled up with scenes that were seen before; they do not count.
        scenes = (first + np.arange(env.num_envs)) % num_scenes
        env.set_options([{"index": int(scene)} for scene in scenes])
        observation, state = env.reset(), None
        counting = np.arange(env.num_envs) < num_scenes - first
        starts = np.ones(env.num_envs, bool)
        while counting.any():
            action, state = model.predict(observation, state, starts, deterministic)  # type: ignore[arg-type]
            observation, _, starts, infos = env.step(action)
            ended = np.flatnonzero(starts & counting)
            successes += sum(infos[row]["is_success"] for row in ended)
            counting[ended] = False
    return successes / num_scenes


def _sizes(spaces: Spaces) -> str:
    sizes = spaces.sizes()
    return f"glimpses {sizes['glimpse']}, {sizes['actions']} actions and {sizes['saccade']} saccades"
