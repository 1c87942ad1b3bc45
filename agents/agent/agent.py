"""An agent: RAM with the spaces that it was made for. It predicts, is saved, and is loaded again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..model.choice import CONTROL_LOOKS, Look, choose, choose_location, control_places
from ..model.forms import first_row, glimpse_shape, has_saccades, periphery_shape
from ..model.policy import RAM, RAMOutput
from .config import Config
from .envs import AnyVectorEnv, Spaces, check_canvas
from .runner import to_tensors


class Agent:
    """RAM, and how it acts.

    Args:
        spaces: of one row of the environment.
        config: hyper-parameters.
        device: where the model lives, such as "cpu" or "cuda".

    Attributes:
        policy: the model.
        hybrid: whether the action learned from labels; then it is always the likeliest one.
        action_names: of the discrete actions, where the environment that it learned in declares them; else None.
    """

    def __init__(self, spaces: Spaces, config: Config, *, device: torch.device | str = "cpu"):
        self.spaces = spaces
        self.config = config
        self.device = torch.device(device)
        self.hybrid = config.hybrid
        self.action_names: list[str] | None = None
        # The weights are drawn on the CPU: the same seed gives the same on every device.
        with torch.random.fork_rng(devices=[]), torch.device("cpu"):
            torch.manual_seed(config.seed)
            self.policy = RAM(spaces.observation, spaces.action, config.model()).to(self.device)
        self._predict_generator = torch.Generator(self.device).manual_seed(config.seed)

    @property
    def env_id(self) -> str:
        """The environment that the agent was made for."""
        return self.config.env_id

    @property
    def env_kwargs(self) -> dict[str, Any]:
        """That environment's keyword arguments: `gym.make_vec(agent.env_id, num_envs=n, **agent.env_kwargs)` fits."""
        return dict(self.config.env_kwargs)

    def check_fit(self, env: AnyVectorEnv) -> None:
        """Raise a ValueError unless the agent can act in the environment, on scenes as large as its canvas, if any."""
        self.spaces.check_fit(env)
        check_canvas(self.config.canvas_size, env)

    @torch.no_grad()
    def predict(
        self,
        observation: dict[str, NDArray[Any]],
        state: NDArray[np.float32] | None = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[Any, NDArray[np.float32]]:
        """What the agent does; hand the state that it returns on to the next step, or it forgets what it has seen.

        Args:
            observation: "glimpse" (k, g, g[, C]) and "location" (2,), or with a batch dimension B before.
            state: (S, B, hidden_size), as returned at the step before; None at the beginning of an episode.
            episode_start: (B,) where True the episode has just begun, and the state is forgotten.
            deterministic: look at the mean of the location's distribution, take the likeliest action, and stop where
                that is likelier; else draw all of them. An action that was trained from labels is always the likeliest.

        Returns:
            The action in the environment's own form, batched if the observation was; and the next state.

        Raises:
            TypeError: the observation is none of an environment of glimpses.
            ValueError: its shapes are not those that the agent was made for, or its numbers are not finite; or the
                agent is a control that needs more than observations.
        """
        observation, single = _batched(observation, self._shapes())
        seen = to_tensors(observation, self.device, self.policy.observed)
        memory = self._memory(state, len(seen["location"]))
        if episode_start is not None:
            begun = torch.as_tensor(np.asarray(episode_start, bool).reshape(-1), device=self.device)
            memory = memory.masked_fill(begun[:, None], 0.0)
        output, memory = self.policy.step(seen, memory)
        choice = choose(
            self.policy,
            output,
            self._location(output, self.look(deterministic)),
            self._predict_generator,
            sample_action=not (deterministic or self.hybrid),
            stop="likelier" if deterministic else "sample",
        )
        form = choice.to_environment(self.spaces.action)
        if single:
            form = first_row(form)
        return form, memory.cpu().numpy()

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """What one row of an observation has to hold."""
        shapes = {"glimpse": glimpse_shape(self.spaces.observation), "location": (2,)}
        return shapes | ({"periphery": periphery_shape(self.spaces.observation)} if self.policy.f_c else {})

    def _memory(self, state: NDArray[np.float32] | None, batch_size: int) -> torch.Tensor:
        """The state before this step, (S, B, hidden_size)."""
        beginning = self.policy.initial_state(batch_size)
        if state is None:
            return beginning
        memory = torch.as_tensor(state, device=self.device)
        if memory.shape != beginning.shape:
            raise ValueError(
                f"the state has shape {tuple(memory.shape)}, and {batch_size} observations need "
                f"{tuple(beginning.shape)}; hand on the state that the step before returned"
            )
        return memory

    def _location(self, output: RAMOutput, look: Look) -> torch.Tensor:
        if look not in CONTROL_LOOKS:
            return choose_location(self.policy, output, look, self._predict_generator)
        if look == "scan" or has_saccades(self.spaces.observation):
            raise ValueError(
                f"the agent is a control of look={look!r}, whose places can't be told from an observation alone: "
                "measure it with `ram evaluate`, or ram_agents.evaluate"
            )
        return control_places(look, len(output.logits), self._predict_generator, self.device)

    def look(self, deterministic: bool) -> Look:
        """How the agent chooses locations: by its policy, or as the control that it was trained as."""
        if self.config.look != "learned":
            return self.config.look
        return "mean" if deterministic else "sample"


def _batched(observation: Any, shapes: Mapping[str, tuple[int, ...]]) -> tuple[dict[str, NDArray[Any]], bool]:
    """The observation as a checked batch, and whether it was a single one."""
    if isinstance(observation, tuple):
        raise TypeError(
            "the observation is a tuple: `env.reset()` and `env.step()` return the observation first, and more beside"
        )
    if not isinstance(observation, Mapping) or not set(shapes) <= set(observation):
        found = sorted(observation) if isinstance(observation, Mapping) else type(observation).__name__
        wanted = " and ".join(f'"{key}"' for key in shapes)
        raise TypeError(f"the observation is {found}; it must be a dictionary with {wanted}")
    arrays = {key: np.asarray(observation[key]) for key in shapes}
    single = arrays["location"].ndim == 1
    if single:
        arrays = {key: value[None] for key, value in arrays.items()}
    rows = len(arrays["location"]) if arrays["location"].ndim else 0
    for key, shape in shapes.items():
        if arrays[key].shape != (rows, *shape):
            raise ValueError(
                f'"{key}" has shape {arrays[key].shape[single:]}; the agent was made for {shape}, or a batch of '
                "such: give it the environment that it was made for, see agent.env_id and agent.env_kwargs"
            )
        if not np.isfinite(arrays[key]).all():
            raise ValueError(f'"{key}" holds numbers that are not finite (NaN or infinite)')
    return arrays, single
