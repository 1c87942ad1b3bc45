"""RAM as a policy of sb3-contrib's `RecurrentPPO`, and the hybrid loss as a part of it.

B counts the steps of a batch, N its sequences, T the longest sequence's steps. Stable-Baselines3 hands over sequences
one after another, (B = N * T, ...), the shorter ones padded with zeros.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from gymnasium import spaces
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor
from torch.nn import functional as F

from ..model import forms
from ..model.policy import RAM, RAMOutput
from ..training import losses
from .distribution import GlimpseDistribution

State = tuple[Tensor, ...]
"""(h, c), each (L, N, hidden_size): the first half of RAM's states and the second; see `_halves`."""


class StateShape(NamedTuple):
    """What `RecurrentPPO` asks of `policy.lstm_actor`: the sizes of its buffers."""

    num_layers: int
    hidden_size: int


class RAMPolicy(RecurrentActorCriticPolicy):
    """RAM for `RecurrentPPO(RAMPolicy, env)`, on environments with `action="flat"` (or wrapped in `FlatAction`).

    Where observations have a "label" (`ram_envs.wrappers.LabelObservation`) it learns by the paper's hybrid loss
    (section 3.2): the action by cross-entropy on the label, the location by PPO from the reward. The label is read by
    that loss and by nothing else: `predict` needs none. Without labels both learn by PPO.

    Args:
        observation_space: Dict(glimpse=Box(k, g, g[, C]), location=Box(2)), and with labels label=Discrete(n).
        action_space: the flat Box(2 + n).
        lr_schedule: Stable-Baselines3's, from the progress that remains to a learning rate.
        use_sde: must be off; locations have noise of their own.
        optimizer_class: of `torch.optim`.
        optimizer_kwargs: its arguments but the learning rate.
        label_weight: weight of the cross-entropy of answers; 0 ignores the labels. None: 1 where there are labels.
        step_weight: weight of the mean cross-entropy of the guesses before the answer, relative to the answer's.
        baseline_probability: b_t is the probability of success, and is trained by cross-entropy's gradient in place of
            squared error's. For returns in [0, 1], where it learns far faster from rare success.
        ram: `RAM`'s own arguments: core, hidden_size, location_std, detach_baseline and so on.

    Raises:
        ValueError: spaces that RAM or this policy can't work with, or a `label_weight` without labels.

    Attributes:
        ram: the network itself, as `ram_agents.RAM`.
        label_loss: the cross-entropy of the last minibatch, None before the first; see `LogLabelLoss`.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lr_schedule: Schedule,
        use_sde: bool = False,
        *,
        optimizer_class: type[torch.optim.Optimizer] = torch.optim.Adam,
        optimizer_kwargs: dict[str, Any] | None = None,
        label_weight: float | None = None,
        step_weight: float = 0.5,
        baseline_probability: bool = False,
        **ram: Any,
    ):
        if use_sde:
            raise ValueError("use_sde=True: RAM draws its locations with a noise of its own; leave use_sde off")
        if forms.describe(action_space)[0] != "flat":
            raise ValueError(
                f"RAMPolicy needs the flat action Box(2 + n), and this environment has {action_space}; make it "
                'with action="flat", or wrap it in ram_envs.wrappers.FlatAction (of vector ones, VectorFlatAction)'
            )
        labelled = isinstance(observation_space, spaces.Dict) and "label" in observation_space.spaces
        if label_weight and not labelled:
            raise ValueError(
                f"label_weight={label_weight} needs labels, and the observation has none; wrap the environment in "
                "ram_envs.wrappers.LabelObservation (of vector environments, VectorLabelObservation)"
            )
        self.label_weight = float(labelled) if label_weight is None else label_weight
        self.step_weight = step_weight
        self.baseline_probability = baseline_probability
        self._ram_arguments = ram
        super().__init__(
            observation_space,
            action_space,
            lr_schedule,
            optimizer_class=optimizer_class,
            optimizer_kwargs=optimizer_kwargs,
            lstm_hidden_size=1,
            shared_lstm=True,
            enable_critic_lstm=False,
        )
        del self.lstm_actor  # The core is RAM's; what is read off this attribute are the sizes of its state.
        layers = (self.ram.num_states + 1) // 2
        self.lstm_actor = StateShape(layers, self.ram.f_h.hidden_size)  # type: ignore[assignment]
        self.lstm_hidden_state_shape = (layers, 1, self.ram.f_h.hidden_size)
        self.label_loss: Tensor | None = None
        self.optimizer = self.optimizer_class(
            self.ram.parameters(),
            lr=lr_schedule(1),  # type: ignore[call-arg]
            **self.optimizer_kwargs,
        )

    @property
    def hybrid(self) -> bool:
        """Whether the action learns from labels."""
        return self.label_weight > 0

    def _build(self, lr_schedule: Schedule) -> None:
        """Make RAM in place of Stable-Baselines3's own networks; called by the base class."""
        self.ram = RAM(self.observation_space, self.action_space, **self._ram_arguments)
        self.action_dist = GlimpseDistribution(self.ram, greedy=self.hybrid)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return {
            "observation_space": self.observation_space,
            "action_space": self.action_space,
            "lr_schedule": self._dummy_schedule,
            "optimizer_class": self.optimizer_class,
            "optimizer_kwargs": self.optimizer_kwargs,
            "label_weight": self.label_weight,
            "step_weight": self.step_weight,
            "baseline_probability": self.baseline_probability,
            **vars(self.ram.config),
        }

    def forward(  # type: ignore[override]
        self,
        obs: Any,
        lstm_states: RNNStates | None = None,
        episode_starts: Tensor | None = None,
        deterministic: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor, RNNStates]:
        """Act.

        Args:
            obs: (B, ...) each.
            lstm_states: of actor and critic, which are one: the actor's is used, and returned twice.
            episode_starts: (B,), 1 where the state is to be forgotten.
            deterministic: the distribution's mode in place of a sample.

        Returns:
            Actions (B, 2 + n), values (B, 1), log-probabilities (B,) and the next state.

        Raises:
            TypeError: an algorithm without memory, which hands over no state.
        """
        if lstm_states is None or episode_starts is None:
            raise TypeError(
                "RAMPolicy remembers what it has seen, and this algorithm keeps no state for it: use "
                "sb3_contrib.RecurrentPPO(RAMPolicy, env) in place of stable_baselines3's PPO or A2C"
            )
        output, state = self._unroll(obs, lstm_states.pi, episode_starts)
        distribution = self._distribution(output)
        actions = distribution.get_actions(deterministic=deterministic)
        return actions, self._value(output), distribution.log_prob(actions), RNNStates(state, state)

    def get_distribution(  # type: ignore[override]
        self, obs: Any, lstm_states: State, episode_starts: Tensor
    ) -> tuple[GlimpseDistribution, State]:
        """The distribution of the action, and the next state; see `forward`."""
        output, state = self._unroll(obs, lstm_states, episode_starts)
        return self._distribution(output), state

    def predict_values(  # type: ignore[override]
        self, obs: Any, lstm_states: State, episode_starts: Tensor
    ) -> Tensor:
        """b_t as values (B, 1); see `forward`."""
        output, _ = self._unroll(obs, lstm_states, episode_starts)
        return self._value(output)

    def evaluate_actions(  # type: ignore[override]
        self, obs: Any, actions: Tensor, lstm_states: RNNStates, episode_starts: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What PPO's loss is made of: values (B, 1), log-probabilities (B,) and entropies (B,) of actions (B, 2 + n).

        With labels, backpropagation through the log-probabilities runs through the label's loss too. So Stable-
        Baselines3 trains by the hybrid loss, clips the whole gradient, and logs its own losses as ever.
        """
        output, _ = self._unroll(obs, lstm_states.pi, episode_starts)
        distribution = self._distribution(output)
        log_prob = distribution.log_prob(actions)
        if self.hybrid:
            num_sequences = lstm_states.pi[0].shape[1]
            loss = self._cross_entropy(output.logits, obs["label"], actions, num_sequences)
            self.label_loss = loss.detach()
            log_prob = add_loss(log_prob, self.label_weight * loss)
        return self._value(output), log_prob, distribution.entropy()

    def _unroll(self, obs: dict[str, Tensor], state: State, episode_starts: Tensor) -> tuple[RAMOutput, State]:
        """RAM's output at every step of N sequences, (B, ...), and the state after the last ones."""
        num_sequences = state[0].shape[1]
        seen = {key: _by_time(obs[key].float(), num_sequences) for key in self.ram.observed}  # (T, N, ...)
        remembers = _by_time(1 - episode_starts, num_sequences).unsqueeze(-1)  # (T, N, 1)
        memory = torch.cat(state)[: self.ram.num_states]  # (S, N, hidden_size)
        output, memory = self.ram.unroll(seen, memory, remembers)
        return RAMOutput._make(part.transpose(0, 1).flatten(0, 1) for part in output), _halves(memory)

    def _distribution(self, output: RAMOutput) -> GlimpseDistribution:
        assert isinstance(self.action_dist, GlimpseDistribution)
        return self.action_dist.proba_distribution(output.location_parameters, output.logits)

    def _value(self, output: RAMOutput) -> Tensor:
        """b_t, (B, 1)."""
        value = output.baseline
        if self.baseline_probability:
            # The sigmoid's value with the logit's gradient: the squared error's gradient in it, 2 (b_t - R), is then
            # in the logit, and that is twice the cross-entropy's.
            value = value + (value.sigmoid() - value).detach()
        return value.unsqueeze(-1)

    def _cross_entropy(self, logits: Tensor, label: Tensor, actions: Tensor, num_sequences: int) -> Tensor:
        """-log p(label), of answers and of the guesses before them.

        A sequence never goes beyond its episode, so its last step is taken for the answer. Of an episode that a
        rollout or a minibatch cuts in two, the last guess before the cut is taken for one too.
        """
        nll = F.cross_entropy(logits, label.flatten().long(), reduction="none")
        active = _by_time(actions[:, 2:].any(1), num_sequences)  # An action without a one is padding.
        last = active & ~torch.cat([active[1:], torch.zeros_like(active[:1])])
        return losses.action_loss(_by_time(nll, num_sequences), active, last, self.step_weight)


def _halves(memory: Tensor) -> State:
    """States (S, N, hidden_size) as two of the same number; an odd one's last is in the second half twice."""
    layers = (len(memory) + 1) // 2
    return memory[:layers], torch.cat([memory[layers:], memory[-1:]])[:layers]


def _by_time(value: Tensor, num_sequences: int) -> Tensor:
    """(N * T, ...), sequence after sequence, as (T, N, ...)."""
    return value.unflatten(0, (num_sequences, -1)).transpose(0, 1)


class _AddLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, output: Tensor, loss: Tensor) -> Tensor:
        return output.view_as(output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        return gradient, gradient.new_ones(())


def add_loss(output: Tensor, loss: Tensor) -> Tensor:
    """`output` as it is; a backward pass through it minimises `loss` (a scalar) too, once."""
    assert loss.shape == (), loss.shape
    return _AddLoss.apply(output, loss)
