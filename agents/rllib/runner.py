"""An env runner that plays whole episodes in all rows at once.

RLlib's own takes every row's step through Python by itself, and converts it several times: most of the time of a run.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from ray.rllib.callbacks.callbacks import RLlibCallback
from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.env.utils.infinite_lookback_buffer import InfiniteLookbackBuffer
from ray.rllib.utils.annotations import override
from ray.rllib.utils.metrics import WEIGHTS_SEQ_NO
from ray.rllib.utils.numpy import convert_to_numpy

from ..agent.envs import AnyVectorEnv, declared
from .episodes import stacked

EPISODE_CALLBACKS = ("created", "start", "step", "end")
Arrays = dict[str, Any]
"""Of one step or of many: observations, actions and what the module said, by RLlib's names."""


class EpisodesRunner(SingleAgentEnvRunner):
    """Whole episodes in all rows at once, where they all have T steps; else as RLlib does it.

    It samples by itself where a rollout is a whole number of episodes: `rollout_fragment_length` is T or a multiple of
    it, or so many episodes are asked for, as in an evaluation. RLlib's own way is taken where there are callbacks for
    episodes or steps, or connectors of one's own, which want to be called for each.
    """

    _needs_initial_reset: bool
    _last_action: Arrays

    @override(SingleAgentEnvRunner)
    def _sample(
        self,
        *,
        num_timesteps: int | None = None,
        num_episodes: int | None = None,
        explore: bool,
        random_actions: bool = False,
        force_reset: bool = False,
    ) -> list[SingleAgentEpisode]:
        rounds = 0 if random_actions or not self._is_plain() else self._rounds(num_timesteps, num_episodes)
        if rounds == 0:
            return super()._sample(
                num_timesteps=num_timesteps,
                num_episodes=num_episodes,
                explore=explore,
                random_actions=random_actions,
                force_reset=force_reset,
            )
        episodes: list[SingleAgentEpisode] = []
        begin = force_reset or num_episodes is not None or self._needs_initial_reset
        for number in range(rounds):
            episodes += self._play(explore, reset=begin and number == 0)
        self._needs_initial_reset = num_episodes is not None  # as RLlib: the same scenes in each evaluation
        steps = sum(map(len, episodes))  # those that are not asked for count, as with RLlib
        episodes = episodes[:num_episodes]
        self._done_episodes_for_metrics.extend(episodes)
        self._log_env_steps(metric=self._metrics_num_env_steps_sampled, num_steps=steps)
        self._increase_sampled_metrics(steps, len(episodes))
        return episodes

    def _is_plain(self) -> bool:
        """Whether nobody wants to be called for an episode or a step."""
        config = self.config
        called = any(getattr(config, f"callbacks_on_episode_{what}", None) for what in EPISODE_CALLBACKS)
        own = any(type(callbacks) is not RLlibCallback for callbacks in self._callbacks)
        connectors = config._env_to_module_connector or config._module_to_env_connector
        return self.module is not None and not (called or own or connectors)

    def _rounds(self, num_timesteps: int | None, num_episodes: int | None) -> int:
        """How many whole episodes of each row make up what is asked for; 0 if no number does."""
        if num_episodes is not None:
            return -(-num_episodes // self.num_envs)
        assert num_timesteps is not None
        rounds, rest = divmod(num_timesteps, self._steps() * self.num_envs)
        return 0 if rest else rounds

    def _steps(self) -> int:
        """T."""
        steps = declared(self._native_env()).num_glimpses
        assert steps is not None  # RAM's environments declare it
        return steps

    def _native_env(self) -> AnyVectorEnv:
        """Without RLlib's wrapper, which makes a list of all infos."""
        return self.env.env

    def _play(self, explore: bool, *, reset: bool) -> list[SingleAgentEpisode]:
        """An episode in each row."""
        env = self._native_env()
        if reset:
            observation, _ = env.reset(seed=self._seed if self._needs_initial_reset else None)
        else:  # next-step autoreset: all rows are over, and this step begins new episodes
            observation = env.step(self._last_action)[0]
        observations, steps, rewards, over = [observation], [], [], np.zeros(self.num_envs, bool)
        state = {
            name: value.expand(self.num_envs, *value.shape) for name, value in self.module.get_initial_state().items()
        }
        while not over.any():
            step, state = self._choose(observation, state, explore)
            self._last_action = self._clipped(step[Columns.ACTIONS])
            observation, reward, terminated, truncated, _ = env.step(self._last_action)
            observations.append(observation)
            steps.append(step)
            rewards.append(reward)
            over = terminated | truncated
        if not over.all():
            raise RuntimeError(
                f"after {len(steps)} steps some episodes are over and others are not, and this runner plays all at "
                "once: use config.env_runners(env_runner_cls=SingleAgentEnvRunner), which is RLlib's own"
            )
        return self._as_episodes(stacked(observations), stacked(steps), np.stack(rewards), terminated)

    @torch.no_grad()
    def _choose(self, observation: Arrays, state: Arrays, explore: bool) -> tuple[Arrays, Arrays]:
        """Actions of all rows, and what RLlib keeps beside them; and the next state."""
        seen = {key: torch.as_tensor(value, device=self._device)[:, None] for key, value in observation.items()}
        forward = self.module.forward_exploration if explore else self.module.forward_inference
        said = forward({Columns.OBS: seen, Columns.STATE_IN: state})
        inputs, values = said[Columns.ACTION_DIST_INPUTS][:, 0], said[Columns.VF_PREDS][:, 0]
        distribution = self.module.get_exploration_action_dist_cls().from_logits(inputs)
        chosen = (distribution if explore else distribution.to_deterministic()).sample()
        kept = {
            Columns.ACTIONS: chosen,
            Columns.ACTION_DIST_INPUTS: inputs,
            Columns.ACTION_LOGP: distribution.logp(chosen),
            Columns.VF_PREDS: values,
            Columns.STATE_OUT: said[Columns.STATE_OUT],
        }
        return convert_to_numpy(kept), said[Columns.STATE_OUT]

    def _clipped(self, action: Arrays) -> Arrays:
        """What the environment gets; log-probabilities are those of the raw location."""
        space = self.env.single_action_space["location"]
        return action | {"location": action["location"].clip(space.low, space.high)}

    def _as_episodes(
        self, observations: Arrays, steps: Arrays, rewards: np.ndarray[Any, Any], terminated: np.ndarray[Any, Any]
    ) -> list[SingleAgentEpisode]:
        """Of (T + 1, B, ...), (T, B, ...), (T, B) and (B,): one of each row."""
        actions, extra = steps.pop(Columns.ACTIONS), steps
        length = len(rewards)
        return [
            SingleAgentEpisode(
                observations=_row(observations, row),
                infos=InfiniteLookbackBuffer([{}] * (length + 1), lookback=0),
                actions=_row(actions, row),
                rewards=_row(rewards, row),
                terminated=bool(terminated[row]),
                truncated=not terminated[row],
                extra_model_outputs={
                    **{name: _row(value, row) for name, value in extra.items()},
                    WEIGHTS_SEQ_NO: InfiniteLookbackBuffer(np.full(length, self._weights_seq_no), lookback=0),
                },
                t_started=0,
                len_lookback_buffer=0,
            )
            for row in range(self.num_envs)
        ]


def _row(arrays: Any, row: int) -> InfiniteLookbackBuffer:
    """One row of (T, B, ...), as RLlib keeps it."""

    def of(value: Any) -> Any:
        return {name: of(part) for name, part in value.items()} if isinstance(value, dict) else value[:, row]

    return InfiniteLookbackBuffer(of(arrays), lookback=0)
