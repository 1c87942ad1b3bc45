"""RAM in RLlib's new API stack: the module that acts and learns, and the hybrid loss in a learner.

B counts the sequences of a batch, T their steps. RLlib hands over (B, T, ...): in an env runner T is 1; in the learner
each row is one episode or a part of one, with one more step at the end for the value there, and padding after it.
"""

from __future__ import annotations

from typing import Any

import torch
from gymnasium import spaces
from ray.rllib.algorithms.ppo.ppo import PPOConfig
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.apis.value_function_api import ValueFunctionAPI
from ray.rllib.core.rl_module.torch import TorchRLModule
from torch import Tensor
from torch.nn import functional as F

from ..agent.config import Config
from ..model.forms import can_stop
from ..model.policy import RAM, RAMOutput
from ..training import losses
from ..training.optimizer import Muon, make_optimizers
from .distribution import glimpse_distribution
from .episodes import WholeEpisodes

DEFAULT = "default_optimizer"
"""What RLlib calls the optimiser that it asks for without a name."""


class RAMModule(TorchRLModule, ValueFunctionAPI):
    """`ram_agents.RAM` as an RLModule, for actions {"location", "action"}; `rllib.ppo_config` builds what it needs.

    Where observations have a "label" it learns by the paper's hybrid loss (section 3.2): `HybridPPOTorchLearner`
    trains the action by cross-entropy on the label, the location by PPO from the reward. The network never gets the
    label. Without labels both learn by PPO.

    RLlib's `model_config`: "ram", the arguments of `RAM`; "label_weight", "step_weight" and "baseline_probability", see
    `rllib.ppo_config`; and RLlib's own "max_seq_len".

    Raises:
        ValueError: spaces that RAM can't work with, or a label's weight without labels.
    """

    def setup(self) -> None:
        """Make the network; called by the base class."""
        options = self.model_config
        labelled = isinstance(self.observation_space, spaces.Dict) and "label" in self.observation_space.spaces
        label_weight = options.get("label_weight")
        if label_weight and not labelled:
            raise ValueError(f"label_weight={label_weight} needs labels, and the observation has none: use label=True")
        self.label_weight = float(labelled) if label_weight is None else label_weight
        self.step_weight: float = options.get("step_weight", 0.5)
        self.baseline_probability: bool = options.get("baseline_probability", False)
        if can_stop(self.action_space):
            raise ValueError("RAM in RLlib has no place for 'stop': make the environment with can_stop=False")
        self.ram = RAM(self.observation_space, self.action_space, **options.get("ram", {}))
        self.action_dist_cls = glimpse_distribution(self.ram.f_l, greedy=self.hybrid)

    @property
    def hybrid(self) -> bool:
        """Whether the action learns from labels."""
        return self.label_weight > 0

    def get_initial_state(self) -> dict[str, Tensor]:
        """h_0 = 0, of one episode: {"core": (S, hidden_size)}."""
        return {"core": self.ram.initial_state(1)[:, 0]}

    def compute_values(self, batch: dict[str, Any], embeddings: Tensor | None = None) -> Tensor:
        """b_t, (B, T).

        Args:
            batch: what `forward_train` gets.
            embeddings: b_t itself, where `forward_train` has computed it already.
        """
        return self._value(self._unroll(batch)[0]) if embeddings is None else embeddings

    def _forward(self, batch: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Act, in env runners."""
        output, state = self._unroll(batch)
        return {
            Columns.ACTION_DIST_INPUTS: self._dist_inputs(output),
            Columns.VF_PREDS: self._value(output),
            Columns.STATE_OUT: {"core": state.transpose(0, 1)},
        }

    def _forward_train(self, batch: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """What PPO's loss is made of, with gradients."""
        output, _ = self._unroll(batch)
        return {Columns.ACTION_DIST_INPUTS: self._dist_inputs(output), Columns.EMBEDDINGS: self._value(output)}

    def _unroll(self, batch: dict[str, Any]) -> tuple[RAMOutput, Tensor]:
        """RAM's output at every step, (B, T, ...), and the state (S, B, hidden_size) after the last."""
        seen = {key: batch[Columns.OBS][key].float().transpose(0, 1) for key in self.ram.observed}
        output, state = self.ram.unroll(seen, batch[Columns.STATE_IN]["core"].transpose(0, 1))
        return RAMOutput._make(part.transpose(0, 1) for part in output), state

    def _dist_inputs(self, output: RAMOutput) -> Tensor:
        """Of `GlimpseDistribution`, (B, T, P + 1 + n)."""
        std = torch.full_like(output.baseline[..., None], self.ram.location_std)
        return torch.cat([output.location_parameters, std, output.logits], dim=-1)

    def _value(self, output: RAMOutput) -> Tensor:
        value = output.baseline
        if self.baseline_probability:
            # The sigmoid's value with the logit's gradient: the squared error's gradient in it, 2 (b_t - R), is then
            # in the logit, and that is twice the cross-entropy's.
            value = value + (value.sigmoid() - value).detach()
        return value


class HybridPPOTorchLearner(PPOTorchLearner):
    """PPO, and for modules that learn from labels the paper's cross-entropy (section 3.2), logged as "label_loss".

    The optimiser is the built-in agent's, as `rllib.ppo_config` names it.
    """

    _learner_connector: Any

    def build(self) -> None:
        """Make all that it needs; called by RLlib."""
        super().build()
        if self._learner_connector is not None and self.config._learner_connector is None:
            options = self.module[DEFAULT_MODULE_ID].unwrapped().model_config
            self._learner_connector = WholeEpisodes(
                self._learner_connector,
                max_seq_len=options["max_seq_len"],
                gamma=self.config.gamma,
                lambda_=self.config.lambda_,
                reward=options.get("reward", "0/1"),
                device=self._device,
            )

    def configure_optimizers_for_module(self, module_id: str, config: PPOConfig | None = None) -> None:
        """Adam, or Muon for the matrices between hidden layers and AdamW for the rest; called by RLlib."""
        assert config is not None
        ram = self.module[module_id].unwrapped().ram
        options = self.module[module_id].unwrapped().model_config
        chosen = Config(optimizer=options.get("optimizer", "adam"), weight_decay=0.0)
        for optimizer in make_optimizers(ram, chosen):
            for group in optimizer.param_groups:
                if "eps" in group:  # Adam's
                    group["eps"] = options.get("adam_eps", 1e-8)
            share, name = (options["matrix_learning_rate"], "muon") if isinstance(optimizer, Muon) else (1.0, DEFAULT)
            self.register_optimizer(
                module_id=module_id,
                optimizer_name=name,
                optimizer=optimizer,
                params=[parameter for group in optimizer.param_groups for parameter in group["params"]],
                lr_or_lr_schedule=times(share, config.lr),
            )

    def update(self, *args: Any, minibatch_size: int | None = None, **options: Any) -> Any:
        """RLlib's; but a minibatch of as many steps as a learner's batch is all of the batch, once in each epoch.

        RLlib counts the steps of a batch without padding, those of a minibatch with it: several learners, which make as
        many minibatches as it counts, would leave the last episodes out.
        """
        if minibatch_size is not None and minibatch_size >= self.config.train_batch_size_per_learner:
            minibatch_size, options["num_total_minibatches"] = None, 0
        return super().update(*args, minibatch_size=minibatch_size, **options)

    def compute_loss_for_module(
        self, *, module_id: str, config: PPOConfig, batch: dict[str, Any], fwd_out: dict[str, Tensor]
    ) -> Tensor:
        """PPO's loss, and where there are labels, theirs; a scalar."""
        loss = super().compute_loss_for_module(module_id=module_id, config=config, batch=batch, fwd_out=fwd_out)
        module = self.module[module_id].unwrapped()
        if not module.hybrid:
            return loss
        label_loss = label_cross_entropy(
            batch, fwd_out, step_weight=module.step_weight, location_parameters=module.ram.f_l.num_parameters
        )
        self.metrics.log_value((module_id, "label_loss"), label_loss, window=1)
        return loss + module.label_weight * label_loss


def times(share: float, rate: Any) -> Any:
    """A learning rate, or RLlib's schedule of one, as [[step, rate], ...], times a number."""
    return [[step, share * value] for step, value in rate] if isinstance(rate, list) else share * rate


def label_cross_entropy(
    batch: dict[str, Any], fwd_out: dict[str, Tensor], *, step_weight: float, location_parameters: int = 2
) -> Tensor:
    """-log p(label), of answers and, times `step_weight`, of the guesses before them; a scalar.

    What `LOSS_MASK` leaves out, RLlib's padding and its extra step after each episode, counts for nothing. An answer is
    a step that ends its episode: an episode that a rollout cuts in two has one, in its last part.

    Args:
        batch: the observation's "label" (B, T), `LOSS_MASK` and `TERMINATEDS`, (B, T) each.
        fwd_out: the module's output, with `ACTION_DIST_INPUTS` (B, T, P + 1 + n).
        step_weight: weight of the mean over the earlier guesses.
        location_parameters: P, of the location's distribution.
    """
    logits = fwd_out[Columns.ACTION_DIST_INPUTS][..., location_parameters + 1 :]
    nll = F.cross_entropy(logits.transpose(1, 2), batch[Columns.OBS]["label"].long(), reduction="none")
    active = batch[Columns.LOSS_MASK].bool()
    last = active & batch[Columns.TERMINATEDS].bool()
    return losses.action_loss(nll.T, active.T, last.T, step_weight)
