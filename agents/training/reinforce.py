"""The built-in agent: RAM, trained by REINFORCE and the paper's hybrid loss, with Stable-Baselines3's habits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import torch

from ..agent import checkpoint
from ..agent.agent_file import Description, description_of, optimizer_tensors, part, restore_optimizers
from ..agent.envs import AnyVectorEnv
from ..agent.rounding import Bits, restored, rounded
from ..processes.group import ALONE, Processes
from ..processes.interrupt import Interruptible
from .callbacks import Callback, CallbackFunction, CallbackList, ProgressBar
from .teacher import Teacher
from .trainable import TrainableAgent


class Reinforce(TrainableAgent):
    """Train RAM by REINFORCE and, where the environment's infos tell the label, by cross-entropy (section 3.2).

    One update runs one episode in every row of a vector environment, and takes one step of the optimiser on all of it.

    Args:
        env: an environment id; or any Gymnasium vector environment with RAM's spaces, in any autoreset mode; or only
            its spaces, for an agent that predicts. By default `config.env_id`. A truncated episode counts as ended.
        config: hyper-parameters.
        device: where the model lives, such as "cpu" or "cuda".
        processes: that train it together, see `processes.torchrun`. Each has as many rows of the batch, and its own
            `env`; `config.num_envs` counts all.
        changes: hyper-parameters that differ from `config`.

    Raises:
        TypeError: a single environment, or hyper-parameters that don't exist or are of another type.
        ValueError: spaces that RAM can't work with, hyper-parameters out of range, or rows that can't be split evenly.
    """

    def learn(
        self,
        total_episodes: int | None = None,
        callback: Callback | CallbackFunction | Sequence[Callback | CallbackFunction] | None = None,
        progress_bar: bool = False,
        *,
        resume: bool = False,
    ) -> Reinforce:
        """Train.

        Ctrl-C ends the training after the current update, lets the callbacks save, and raises KeyboardInterrupt. Of
        several processes all do so at once, whichever of them is told, and process 0 alone calls the callbacks.

        Args:
            total_episodes: episodes of the whole run, also of one that is resumed; by default `config.total_episodes`.
            callback: one or several `Callback`s, or functions of (agent, update) that return False to stop.
            progress_bar: show time left, episodes a second and the error.
            resume: go on with the run that a loaded checkpoint is of. Else a new run begins from the present weights.

        Returns:
            The agent itself.
        """
        total = self.config.total_episodes if total_episodes is None else total_episodes
        self.config = self.config.replace(total_episodes=total)
        if not resume:
            self.updates, self.seconds = 0, 0.0
            self.best_error, self.validation_error, self.validation_errors = None, None, None
        if self.env is None:
            self.set_env(self._make_env(self.config))
        self.decide_precision()
        self._measure_light()
        start = time.perf_counter()
        self.train_teacher()
        self.seconds += time.perf_counter() - start
        processes = self.processes
        with Interruptible() as keyboard, ProgressBar() as bar:
            callbacks = CallbackList(*([callback, bar if progress_bar else None] if processes.first else []))
            callbacks.on_start(self)
            self._begin_segment()
            ended = keyboard.interrupted
            while self.updates < self.total_updates and not processes.any(ended):
                start = time.perf_counter()
                metrics = self.update()
                self.seconds += time.perf_counter() - start
                if self.updates % self.config.checkpoint_every == 0:
                    self._begin_segment()
                going = callbacks.on_update(self, metrics)
                ended = keyboard.interrupted or processes.orphaned or not going
            callbacks.on_end(self)
        if processes.any(keyboard.interrupted):  # and process 0 has saved
            raise KeyboardInterrupt
        return self

    def save(self, path: str | Path, *, resumable: bool = True, bits: Bits = 32) -> None:
        """Write the agent to one file: weights, configuration, and with `resumable` the optimiser's state too.

        With fewer bits the weights are rounded in the file, see `agent.rounding`; who loads it has them as float32.

        Arrays among the environment's arguments, such as a user's own images, are left out: `load` such an agent with
        its environment.

        Raises:
            ValueError: a weight is not finite, or too large for float16; or `bits` are not 32, 16 or 8; nothing is
                written.
        """
        weights = rounded(self.policy.state_dict(), bits)
        tensors = {f"policy.{name}": tensor for name, tensor in weights.items()}
        if resumable:
            tensors |= optimizer_tensors(self.optimizers, self.policy)
            if self.teacher is not None:
                tensors |= {f"teacher.{name}": tensor for name, tensor in self.teacher.network.state_dict().items()}
        checkpoint.write(path, tensors, vars(Description.of(self, processes=self.processes.size)))

    @classmethod
    def load(
        cls,
        path: str | Path,
        env: AnyVectorEnv | None = None,
        *,
        device: torch.device | str = "cpu",
        processes: Processes = ALONE,
        allow_unsigned: bool = False,
    ) -> Reinforce:
        """The agent that `save` wrote.

        One that was saved without `resumable` can only begin another run. For that it is decided anew whether bfloat16
        is the faster, see `Config.decided_anew`.

        Args:
            path: the file.
            env: an environment to train on; else the one that the agent was trained on is made when it is needed.
            device: where the model is to live.
            processes: that go on with its training together; another number than before gives other weights.
            allow_unsigned: load a file of version 1 too, in which no checksum covers the description.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is damaged, or no agent of ours; or `env` does not fit the model.
        """
        with checkpoint.opened(path) as file:
            description = description_of(file, allow_unsigned=allow_unsigned)
            config, spaces = description.build(file.shapes)
            tensors = file.tensors()
            agent = cls(spaces, config, device=device, processes=processes)
            agent.policy.load_state_dict(restored(part(tensors, "policy.")))
            restore_optimizers(agent.optimizers, agent.policy, tensors)
            if taught := part(tensors, "teacher."):
                agent.teacher = Teacher.restored(taught, agent.policy.f_a.out_features, device=device)
        description.restore(agent)
        stateless = config.optimizer == "sgd" and not config.momentum  # it has nothing to leave out
        if not stateless and not part(tensors, "optimizer."):
            agent.config = config.decided_anew()
        if env is not None:
            agent.set_env(env)
        return agent
