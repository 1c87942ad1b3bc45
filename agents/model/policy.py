"""RAM, the recurrent attention model: the five networks of `networks` joined, and sized by an environment's spaces."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import torch
from gymnasium import spaces
from torch import Tensor, nn

from ..precision import float32
from .canvas import Canvas
from .cells import CELL_NETWORKS, CellLocationNetwork, remember
from .config import RAMConfig
from .distribution import LocationDistribution
from .forms import can_stop, glimpse_shape, has_saccades, num_actions, periphery_shape
from .networks import (
    ActionNetwork,
    BaselineNetwork,
    ContextNetwork,
    CoreNetwork,
    GlimpseNetwork,
    LocationNetwork,
    StopNetwork,
    orthogonal_,
    orthogonal_core_,
)
from .normalisation import make_normalisation


class RAMOutput(NamedTuple):
    """What the model says at one step, for B episodes."""

    location_mean: Tensor
    """mu_t (B, 2) in (-1, 1): the next location is drawn from Normal(mu_t, location_std). Of a network that scores
    cells it is the likeliest place, without gradient."""
    location_parameters: Tensor
    """(B, P): of the next location's distribution, see `RAM.location_distribution`; mu_t itself for the Gaussian."""
    logits: Tensor
    """(B, n): the softmax of these is the distribution of the action."""
    baseline: Tensor
    """b_t (B,): the return expected from here; a logit where it is trained as a probability."""
    h: Tensor
    """h_t (B, hidden_size)."""


class _Memory(NamedTuple):
    """What B glimpses have left in the core for the heads."""

    h: Tensor
    """h_t (B, hidden_size)."""
    read: Tensor
    """What the location network reads, (B, hidden_size): h_t, perhaps detached, or that of a second layer."""
    looks: Tensor | None
    """Where it has looked, see `cells.remember`; None where the location network does not ask for it."""

    @classmethod
    def of_all(cls, made: list[_Memory]) -> _Memory:
        """Those of T steps of B rows as one of T B."""
        looks = [each.looks for each in made if each.looks is not None]
        h, read = torch.cat([each.h for each in made]), torch.cat([each.read for each in made])
        return cls(h, read, torch.cat(looks) if looks else None)


class RAM(nn.Module):
    """The recurrent attention model of Mnih et al. 2014, section 3.

    Args:
        observation_space: one row's Dict(glimpse=Box(k, g, g[, C]), location=Box(2)); other keys are not looked at.
            A location without bounds tells of relative saccades.
        action_space: one row's Dict(location=Box(2), action=Discrete(n)), or the flat Box(2 + n). With stop=Discrete(2)
            in the Dict there is a stop network too.
        config: the options; the defaults of `RAMConfig` if None.
        options: single ones that differ from `config`, such as core="lstm".

    Raises:
        ValueError: spaces of another form, or an option out of range.
        TypeError: an option that does not exist, or of another type.

    Attributes:
        location_std: that locations are drawn with. Training may anneal it.
        detaches_location, detaches_baseline: whether these networks' gradients stay out of h_t.
        normalisation: with `normalise`, what f_g sees glimpses through; `Reinforce.learn` measures it, elsewhere call
            its `measure_`.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        config: RAMConfig | None = None,
        **options: Any,
    ):
        super().__init__()
        self._config = config = (config or RAMConfig()).replace(**options)
        self.location_std = config.location_std
        self.detaches_location, self.detaches_baseline = config.detach_location, config.detach_baseline
        size, shape, relative = config.hidden_size, glimpse_shape(observation_space), has_saccades(observation_space)
        self.normalisation = make_normalisation(config.normalise, shape)
        self.f_g = GlimpseNetwork(
            glimpse_shape=shape,
            network=config.glimpse_network,
            glimpse_size=config.glimpse_size,
            location_size=config.location_size,
            output_size=size,
            alike=config.normalise == "scales",
            canvas_size=config.canvas_size,
            relative=relative,
        )
        core = partial(CoreNetwork, input_size=size, hidden_size=size, core=config.core, identity=config.identity_core)
        self.f_h = core()
        self.f_l = _make_f_l(config, shape, relative)
        self.f_a = ActionNetwork(size, num_actions(action_space))
        self.f_b = BaselineNetwork(size)
        self.f_s = StopNetwork(size) if can_stop(action_space) else None
        self.f_h2 = core() if config.core_layers == 2 else None
        self.f_c = ContextNetwork(periphery_shape(observation_space), size) if config.context else None
        if config.init == "orthogonal":
            orthogonal_(self.f_g, self.f_h, self.f_a)
            if self.f_h2 is not None:
                orthogonal_core_(self.f_h2)

    @property
    def observed(self) -> tuple[str, ...]:
        """The keys of an observation that the model looks at."""
        return ("glimpse", "location", *(["periphery"] if self.f_c else []))

    @property
    def config(self) -> RAMConfig:
        """The options that build this model again, with the present `location_std`."""
        return self._config.replace(location_std=self.location_std)

    def hidden_matrices(self) -> list[tuple[Tensor, int]]:
        """The matrices from hidden layer to hidden layer, and from the glimpse; with how many each is, stacked.

        A convolution's is (filters, channels, height, width).
        Not the heads', whose outputs are the agent's choices, nor that of the two numbers of a location.
        """
        gates = {"rnn": 1, "gru": 3, "lstm": 4}[self.f_h.core]
        layers = [*self.f_g.what.layers, self.f_g.both, *([self.f_l.hidden] if self.f_l.hidden else [])]
        layers += self.f_c.layers if self.f_c else []
        core = [matrix for core in (self.f_h, self.f_h2) if core for matrix in core.parameters() if matrix.dim() == 2]
        return [(layer.weight, 1) for layer in layers] + [(matrix, gates) for matrix in core]

    @property
    def num_states(self) -> int:
        """S: the recurrent layers' states, some more for a canvas, and one if the location network remembers looks."""
        return self._canvas_rows.stop + isinstance(self.f_l, CellLocationNetwork)

    @property
    def _canvas_rows(self) -> slice:
        """Which of the states hold the canvas; none without one."""
        layers, what = self.f_h.num_states * self._config.core_layers, self.f_g.what
        return slice(layers, layers + (what.rows(self.f_h.hidden_size) if isinstance(what, Canvas) else 0))

    def initial_state(self, batch_size: int) -> Tensor:
        """h_0 = 0: the state (S, B, hidden_size) before the first glimpse."""
        return self.f_a.weight.new_zeros(self.num_states, batch_size, self.f_h.hidden_size)

    def step(self, observation: dict[str, Tensor], state: Tensor | None) -> tuple[RAMOutput, Tensor]:
        """One glimpse (figure 1 of the paper).

        Args:
            observation: "glimpse" (B, k, g, g[, C]) in [0, 1] and the "location" (B, 2) that it was taken at; with
                `context` the "periphery" (B, h, w[, C]) too.
            state: (S, B, hidden_size), from `initial_state` or the step before; None is `initial_state`, only faster.

        Returns:
            The output for these B episodes, and the next state.
        """
        canvas = self._paint({k: v[None] for k, v in observation.items()}, state) if self._config.canvas_size else []
        shown, g = self._see(observation, canvas)
        memory, after = self._memorise(g, observation, state, canvas)
        return self._choose(memory, shown, observation["location"]), after

    def forward(self, observation: dict[str, Tensor], state: Tensor | None) -> tuple[RAMOutput, Tensor]:
        """The same as `step`."""
        return self.step(observation, state)

    def unroll(
        self, observations: dict[str, Tensor], state: Tensor, remembers: Tensor | None = None
    ) -> tuple[RAMOutput, Tensor]:
        """T glimpses, as T calls of `step` take them, where all of them are known: to learn from them.

        Only the core goes step by step. The other networks see all T B rows at once, in far fewer products.

        Args:
            observations: as `step` takes them, (T, B, ...).
            state: (S, B, hidden_size), before the first.
            remembers: (T, B, 1), 0 where the state is forgotten before a glimpse, else 1; None: it nowhere is.

        Returns:
            The outputs, (T, B, ...), and the state after the last glimpse.
        """
        steps = len(observations["location"])
        together = {key: observations[key].flatten(0, 1) for key in self.observed}
        canvases, made = self._paint(observations, state, remembers), []
        shown, g = self._see(together, canvases)
        for t, g_t in enumerate(g.unflatten(0, (steps, -1))):
            begun = state if remembers is None else state * remembers[t]
            seen = {key: value[t] for key, value in observations.items()}
            memory, state = self._memorise(g_t, seen, begun, canvases[t : t + 1])
            made.append(memory)
        output = self._choose(_Memory.of_all(made), shown, together["location"])
        return RAMOutput._make(part.unflatten(0, (steps, -1)) for part in output), state

    def _paint(self, seen: dict[str, Tensor], state: Tensor | None, remembers: Tensor | None = None) -> list[Tensor]:
        """After each of T glimpses the rows of the state that hold the canvas; nothing without one."""
        if not isinstance(self.f_g.what, Canvas):
            return []
        before = self.initial_state(seen["location"].shape[1]) if state is None else state
        return self.f_g.what.painted(before[self._canvas_rows], seen, remembers)

    def _see(self, observation: dict[str, Tensor], canvas: list[Tensor]) -> tuple[Tensor, Tensor]:
        """f_g's part: the glimpse as a location network of cells is shown it, and g_t."""
        glimpse = observation["glimpse"]
        light = glimpse if self.normalisation is None else self.normalisation(glimpse)
        g = self.f_g(torch.cat(canvas, dim=1) if canvas else light, observation["location"])
        return light if self._config.normalise == "scales" else glimpse, g

    def _memorise(
        self, g: Tensor, observation: dict[str, Tensor], state: Tensor | None, canvas: list[Tensor]
    ) -> tuple[_Memory, Tensor]:
        """f_h's part: what the heads read, and the next state (S, B, hidden_size)."""
        core = self.f_h(g, None if state is None else state[: self.f_h.num_states])
        h = core[0].to(self.f_a.weight.dtype)
        read = h.detach() if self.detaches_location else h
        if self.f_h2 is not None:
            upper = self.f_h2(read, self._upper_state(observation, state))
            core, read = torch.cat([core, upper]), upper[0].to(h.dtype)
        if canvas:
            core = torch.cat([core.to(h.dtype), canvas[0].to(h.dtype)])
        if not isinstance(self.f_l, CellLocationNetwork):
            return _Memory(h, read, None), core
        earlier = torch.zeros_like(h) if state is None else state[-1].to(h.dtype)
        looks = remember(earlier, observation["location"])
        return _Memory(h, read, looks), torch.cat([core.to(h.dtype), looks.unsqueeze(0)])

    def _choose(self, memory: _Memory, shown: Tensor, location: Tensor) -> RAMOutput:
        """The part of f_l, f_a and f_b."""
        h = memory.h
        with float32(h.device):  # what is chosen is not rounded
            if isinstance(self.f_l, CellLocationNetwork):
                assert memory.looks is not None
                parameters = self.f_l(memory.read, shown, location, memory.looks)
                mean = self.location_distribution(parameters).mode()
            else:
                mean = parameters = self.f_l(memory.read)
            baseline = self.f_b(h.detach() if self.detaches_baseline else h)
            return RAMOutput(mean, parameters, self.f_a(h), baseline, h)

    def _upper_state(self, observation: dict[str, Tensor], state: Tensor | None) -> Tensor | None:
        """The second layer's state before this glimpse: in episodes that begin, whose whole state is 0, the context."""
        each = self.f_h.num_states
        before = None if state is None else state[each : 2 * each]
        if self.f_c is None:
            return before
        begun = None if state is None else (state == 0).all(-1).all(0)
        exporting = torch.compiler.is_compiling()  # then nothing may hang on what is in a tensor
        if before is not None and begun is not None and not exporting and not begun.any():
            return before
        context = self.f_c(observation["periphery"])
        if before is None or begun is None:
            return torch.cat([context.unsqueeze(0), context.new_zeros(each - 1, *context.shape)])
        first = torch.where(begun[:, None], context.to(before.dtype), before[0])
        return torch.cat([first.unsqueeze(0), before[1:]])

    def location_distribution(self, parameters: Tensor) -> LocationDistribution:
        """What the next location is drawn from, for a `RAMOutput.location_parameters` (..., P), at the present std."""
        return self.f_l.distribution(parameters, self.location_std)

    def stop_logit(self, h: Tensor) -> Tensor | None:
        """The logit of stopping, (...), from h_t (..., hidden_size); None where the environment knows no stopping.

        Its gradient goes into the core, which has to know how sure it is: that of a yes or no is at most 1, and swamps
        nothing.
        """
        if self.f_s is None:
            return None
        with float32(h.device):  # as the other choices
            return self.f_s(h.to(self.f_s.weight.dtype))


def _make_f_l(config: RAMConfig, shape: tuple[int, ...], relative: bool) -> LocationNetwork | CellLocationNetwork:
    """f_l for glimpses of this shape."""
    if config.location_network == "linear":
        return LocationNetwork(input_size=config.hidden_size, hidden_size=config.location_hidden)
    return CELL_NETWORKS[config.location_network](
        input_size=config.hidden_size,
        glimpse_shape=shape,
        relative=relative,
        hidden_size=config.location_hidden,
        alike=config.normalise == "scales",
        memory=config.location_memory,
        seen=config.location_seen,
        gravity=config.location_gravity,
        direction=config.location_direction,
        drift=config.location_drift,
    )
