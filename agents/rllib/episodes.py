"""What RLlib's learner learns from, made of whole episodes at once: (B, T) arrays, advantages and all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.evaluation.postprocessing import Postprocessing
from ray.rllib.utils.torch_utils import convert_to_torch_tensor
from torch import Tensor
from torch.nn import functional as F

from ..training import losses

Reward = Literal["0/1", "information-gain"]


class WholeEpisodes:
    """In place of RLlib's learner connector, which goes through every episode's every column by itself.

    It makes the batch where all episodes are whole, as `EpisodesRunner` plays them, and fit into a sequence; else it
    hands them on to RLlib's own. Each row is one episode of T steps: there is no padding, and no step more for a value
    at the end, which of an episode that is over is 0. Advantages are standardised over all steps.

    Args:
        connector: RLlib's own.
        max_seq_len: the most steps of a row.
        gamma: the discount.
        lambda_: of the generalised advantage estimates.
        reward: what trains where to look; see `rllib.ppo_config`.
        device: of the batch.
    """

    def __init__(
        self,
        connector: Callable[..., dict[str, Any]],
        *,
        max_seq_len: int,
        gamma: float,
        lambda_: float,
        reward: Reward,
        device: torch.device | str,
    ):
        self.connector, self._max_seq_len, self._device = connector, max_seq_len, device
        self._gamma, self._lambda, self._reward = gamma, lambda_, reward

    def __call__(
        self, *, episodes: Sequence[SingleAgentEpisode], shared_data: dict[str, Any], **others: Any
    ) -> dict[str, Any]:
        """The batch, by the module's name.

        Raises:
            ValueError: the reward is made of labels, and these are no whole episodes.
        """
        if all(map(self._is_whole, episodes)) and len({len(episode) for episode in episodes}) == 1:
            shared_data[f"_zero_padded_for_mid={DEFAULT_MODULE_ID}"] = True  # which RLlib calls all of (B, T, ...)
            module = others["rl_module"][DEFAULT_MODULE_ID].unwrapped()  # several learners wrap it
            return {DEFAULT_MODULE_ID: self._batch(episodes, module)}
        if self._reward != "0/1":
            raise ValueError(
                f"reward={self._reward!r} is made of whole episodes: set rollout_fragment_length to T steps or a "
                f"multiple, and max_seq_len, now {self._max_seq_len}, to at least T"
            )
        return self.connector(episodes=episodes, shared_data=shared_data, **others)

    def _is_whole(self, episode: SingleAgentEpisode) -> bool:
        begun = episode.t_started == 0 and Columns.VF_PREDS in episode.extra_model_outputs
        return episode.is_terminated and begun and episode.is_numpy and len(episode) <= self._max_seq_len

    def _batch(self, episodes: Sequence[SingleAgentEpisode], module: Any) -> dict[str, Any]:
        said = {name: self._stacked([episode.extra_model_outputs[name].data for episode in episodes]) for name in KEPT}
        seen = self._stacked([episode.observations.data for episode in episodes])
        seen = {key: value[:, :-1] for key, value in seen.items()}  # not what lies after the end
        values = said.pop(Columns.VF_PREDS)
        reward = self._stacked([episode.rewards.data for episode in episodes]).float()
        if self._reward == "information-gain":
            reward = _gain(said[Columns.ACTION_DIST_INPUTS], seen["label"], module)
        advantage = losses.generalised_advantage(reward.T, values.T, self._gamma, self._lambda).T
        over = torch.zeros_like(reward, dtype=torch.bool)
        over[:, -1] = True
        state = {
            name: value.to(self._device).expand(len(episodes), *value.shape)
            for name, value in module.get_initial_state().items()
        }
        return {
            Columns.OBS: seen,
            Columns.ACTIONS: self._stacked([episode.actions.data for episode in episodes]),
            Columns.REWARDS: reward,
            Columns.TERMINATEDS: over,
            Columns.LOSS_MASK: torch.ones_like(over),
            Columns.SEQ_LENS: torch.full((len(episodes),), over.shape[1], dtype=torch.int32, device=self._device),
            Columns.STATE_IN: state,
            Postprocessing.ADVANTAGES: (advantage - advantage.mean()) / advantage.std().clamp(min=1e-4),
            Postprocessing.VALUE_TARGETS: advantage + values,
            **said,
        }

    def _stacked(self, parts: Sequence[Any]) -> Any:
        """(T, ...) of each episode as (B, T, ...) on the device."""
        return convert_to_torch_tensor(stacked(parts), device=self._device)


def stacked(parts: Sequence[Any]) -> Any:
    """Arrays, or dicts of them, stacked along a new first axis."""
    if isinstance(parts[0], dict):
        return {name: stacked([part[name] for part in parts]) for name in parts[0]}
    return np.stack(parts)


KEPT = (Columns.ACTION_DIST_INPUTS, Columns.ACTION_LOGP, Columns.VF_PREDS)


def _gain(inputs: Tensor, label: Tensor, module: Any) -> Tensor:
    """What the next glimpse told of the label, (B, T), by the answers as they were given."""
    logits = inputs[..., module.ram.f_l.num_parameters + 1 :]
    nll = F.cross_entropy(logits.transpose(1, 2), label.long(), reduction="none").T
    looked = torch.ones_like(nll, dtype=torch.bool)
    looked[-1] = False
    return losses.information_gain(nll, looked).T
