"""Active vision for any environment with images: wrappers that show a retina's glimpses in place of the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ram_envs.arguments import check_known
from ram_envs.retina.gaze import Gaze, GazeOptions, Rows
from ram_envs.retina.retina import Retina, check_locations
from ram_envs.shells import checks
from ram_envs.wrappers.picture import Picture

Info = dict[str, Any]


class FoveatedObservation(gym.Wrapper, RecordConstructorArgs):
    """See an environment's images through a retina, and choose at every step where to look.

    ## Action Space

    `Dict(location=Box(-1, 1, (2,), float32), action=...)`, the latter the environment's own action space. `action` is
    taken, then the image that it leads to is looked at where `location` says: the location chosen at step t is where
    the image returned by step t is seen, the last one of an episode too. (x, y) = (-1, -1) is the image's top-left
    corner, (0, 0) its middle. With `saccade="relative"` the location a is a displacement of the eye by
    `reach * sign(a) * a**2` pixels, the reach half the coarsest patch; with `max_saccade`, for images of one size, the
    gaze moves by `max_saccade * location` in units of half the image. Either way it stops at the image's edges.

    ## Observation Space

    `Dict(glimpse=Box(0, 1, (k, g, g[, C]), float32), location=Box(-1, 1, (2,), float32))`: the retina's patches, the
    finest first, and where they were taken. With relative saccades `location` is `Box(-inf, inf, (2,), float32)`: how
    far that is from the image's middle, in units of the reach. With `periphery` also the whole image, shrunk to
    (h, w[, C]) in 0..1. Of a Dict observation all other keys are passed on; what the agent is not to know, drop with
    `gymnasium.wrappers.FilterObservation`.

    Rewards and ends of episodes are the environment's, and infos too, but for one more key: `gaze`, where the glimpse
    was taken, in [-1, 1] of the image whatever the saccades. The gaze has random numbers of its own, derived from the
    seed of `reset`, so the environment plays as it does without this wrapper.

    ## Rendering

    With `render_mode="rgb_array"` `render` draws the image with the gaze on it, and beside it what the agent sees: the
    image of the observation, of which locations speak, not what the environment itself would render. For a window wrap
    it in `gymnasium.wrappers.HumanRendering`. In mode "human" the environment's own window shows its own picture.

    Args:
        env: the environment. Its observation is an image, a Box of shape (H, W) or (H, W, C), uint8 or float with
            finite bounds (of which the lower is black, the upper white), or a Dict that has one.
        retina: the glimpse sensor; None to make it from the options.
        render_mode: "rgb_array" for an environment made without it; None for the environment's own.
        action_names: for pictures, of each discrete action.
        options: how the rows look, see `retina.gaze.GazeOptions`: `patch_size`, `num_scales` and `pooling` of the
            retina, `image_key`, `saccade`, `max_saccade`, `periphery`, `initial_location`.

    Raises:
        TypeError: the observation holds no image, or an argument is unknown.
        ValueError: an image of another form, or an argument out of range.
    """

    def __init__(
        self,
        env: gym.Env,
        retina: Retina | None = None,
        *,
        render_mode: str | None = None,
        action_names: Sequence[str] = (),
        **options: Unpack[GazeOptions],
    ) -> None:
        RecordConstructorArgs.__init__(
            self, retina=retina, render_mode=render_mode, action_names=action_names, **options
        )
        gym.Wrapper.__init__(self, env)
        self.gaze = _gaze(env.observation_space, 1, retina, options)
        self.observation_space = self.gaze.space
        self.action_space = _action_space(env.action_space)
        self.metadata = {"render_fps": 30, **env.metadata}
        self._render_mode = _check_render_mode(render_mode)
        draws = self.render_mode == "rgb_array"
        self._picture = Picture(self.gaze, action_names, env.action_space) if draws else None

    @property
    def render_mode(self) -> str | None:  # type: ignore[override]
        """As asked for, or the environment's own."""
        return self._render_mode or self.env.render_mode

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], Info]:
        """See `gymnasium.Env.reset`; the first image is seen at the initial location."""
        observation, info = self.env.reset(seed=seed, options=options)
        self.gaze.seed([seed])
        self.gaze.begin(np.zeros(1, np.intp))
        return self._see(observation, begun=True, action=None), self._told(info)

    def step(self, action: dict[str, Any]) -> tuple[dict[str, Any], Any, bool, bool, Info]:
        """Take `action["action"]`, and see the image that follows at (or, relative, shifted by) `action["location"]`.

        Raises:
            KeyError, TypeError, ValueError: no location and action, or a location outside [-1, 1].
        """
        location, choice = checks.action_parts(action)
        locations = check_locations(np.asarray(location)[None], 1)
        observation, reward, terminated, truncated, info = self.env.step(choice)
        self.gaze.move(locations)
        seen = self._see(observation, begun=False, action=choice)
        return seen, reward, terminated, truncated, self._told(info)

    def look_at(self, places: Any) -> NDArray[np.float32]:
        """See `ram_envs.shells.declarations.Declarations.look_at`; (1, 2) places, and locations."""
        return self.gaze.look_at(places)

    def render(self) -> Any:
        """The image with the gaze on it, (480, 800, 3) uint8; in other modes than "rgb_array" the environment's own."""
        return self.env.render() if self._picture is None else self._picture.draw(0)

    def _see(self, observation: Any, *, begun: bool, action: Any) -> dict[str, Any]:
        image, others = self.gaze.split(observation)
        images = np.asarray(image)[None]
        if self._picture is not None:
            self._picture.note(images, np.array([begun]), None if action is None else [action])
        return others | {key: value[0] for key, value in self.gaze.see(images).items()}

    def _told(self, info: Info) -> Info:
        return info | {"gaze": self.gaze.places()[0]}


class FoveatedVectorObservation(VectorWrapper):
    """`FoveatedObservation` for a vector environment of any kind, in any autoreset mode; see there for the arguments.

    Seeded with s, the gaze of row i begins where that of a single environment seeded with s + i begins. A row that the
    environment resets by itself looks at the initial location again; with same-step autoreset its last image, in
    `info["final_obs"]`, is seen where the last step's location says.

    Raises:
        ValueError: also if the environment does not tell its autoreset mode.
    """

    def __init__(
        self,
        env: VectorEnv,
        retina: Retina | None = None,
        *,
        render_mode: str | None = None,
        action_names: Sequence[str] = (),
        **options: Unpack[GazeOptions],
    ) -> None:
        super().__init__(env)
        if "autoreset_mode" not in env.metadata:
            raise ValueError(f'{env} does not tell its autoreset mode; set env.metadata["autoreset_mode"]')
        self.autoreset_mode = checks.check_autoreset_mode(env.metadata["autoreset_mode"])
        self.gaze = _gaze(env.single_observation_space, env.num_envs, retina, options)
        self.single_observation_space = self.gaze.space
        self.single_action_space = _action_space(env.single_action_space)
        self.observation_space = batch_space(self.single_observation_space, env.num_envs)
        self.action_space = batch_space(self.single_action_space, env.num_envs)
        self._render_mode = _check_render_mode(render_mode)
        draws = self.render_mode == "rgb_array"
        self._picture = Picture(self.gaze, action_names, env.single_action_space) if draws else None
        self._over = np.zeros(env.num_envs, np.bool_)

    @property
    def render_mode(self) -> str | None:  # type: ignore[override]
        """As asked for, or the environment's own."""
        return self._render_mode or self.env.render_mode

    @property
    def spec(self) -> None:  # type: ignore[override]
        """None: no id makes this environment again."""
        return

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], Info]:
        """See `gymnasium.vector.VectorEnv.reset`; a "reset_mask" among the options begins only those rows."""
        mask = (options or {}).get("reset_mask")
        begun = np.ones(self.num_envs, np.bool_) if mask is None else np.array(mask)
        # A copy of the options: Gymnasium's vector environments take the mask out of them.
        observations, infos = self.env.reset(seed=seed, options=options and dict(options))  # type: ignore[arg-type]
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, (int, np.integer)) else seed
        if seeds is not None:
            self.gaze.seed([number if is_begun else None for number, is_begun in zip(seeds, begun, strict=True)])
        self.gaze.begin(np.flatnonzero(begun))
        self._over &= ~begun
        return self._see(observations, begun, None), infos | self._told(begun)

    def step(
        self, actions: dict[str, Any]
    ) -> tuple[dict[str, Any], NDArray[Any], NDArray[np.bool_], NDArray[np.bool_], Info]:
        """Step every row: {"location": (num_envs, 2) in [-1, 1], "action": the environment's own batch}.

        Raises:
            KeyError, TypeError, ValueError: no locations and actions, or a location outside [-1, 1].
        """
        locations, choices = checks.action_parts(actions)
        locations = check_locations(locations, self.num_envs)
        observations, rewards, terminations, truncations, infos = self.env.step(choices)
        over = np.logical_or(terminations, truncations)
        self.gaze.move(locations)
        begun = self._over if self.autoreset_mode is AutoresetMode.NEXT_STEP else np.zeros_like(over)
        if self.autoreset_mode is AutoresetMode.SAME_STEP:
            begun = over
            if "final_obs" in infos:
                infos["final_obs"] = self._see_last(infos["final_obs"], np.flatnonzero(infos["_final_obs"]))
                infos["final_info"] = infos.get("final_info", {}) | self._told(infos["_final_obs"])
        self.gaze.begin(np.flatnonzero(begun))
        self._over = over
        infos |= self._told(np.ones_like(over))
        return self._see(observations, begun, choices), rewards, terminations, truncations, infos

    def look_at(self, places: Any) -> NDArray[np.float32]:
        """See `ram_envs.shells.declarations.Declarations.look_at`."""
        return self.gaze.look_at(places)

    def render(self) -> tuple[Any, ...] | None:
        """For each row the image with the gaze on it, (480, 800, 3) uint8; in other modes the environment's own."""
        if self._picture is None:
            return self.env.render()
        return tuple(self._picture.draw(row) for row in range(self.num_envs))

    def _see(self, observations: Any, begun: NDArray[np.bool_], choices: Any) -> dict[str, Any]:
        images, others = self.gaze.split(observations)
        if self._picture is not None:
            self._picture.note(images, begun, choices)
        return others | self.gaze.see(images)

    def _told(self, rows: NDArray[np.bool_]) -> Info:
        """Where some rows look, zero elsewhere, with Gymnasium's mask of the rows that tell it."""
        return {"gaze": np.where(rows[:, None], self.gaze.places(), np.float32(0)), "_gaze": rows.copy()}

    def _see_last(self, final: Any, rows: Rows) -> NDArray[np.object_]:
        """The last observations of some rows; environments keep them as an array of objects, an array or a dict."""
        result = np.full(self.num_envs, None, object)
        for row in rows:
            last = {key: value[row] for key, value in final.items()} if isinstance(final, dict) else final[row]
            image, others = self.gaze.split(last)
            seen = self.gaze.see(np.asarray(image)[None], rows=np.array([row]))
            result[row] = others | {key: value[0] for key, value in seen.items()}
        return result


def _gaze(space: spaces.Space[Any], num_rows: int, retina: Retina | None, options: GazeOptions) -> Gaze:
    check_known(options, ("retina", "render_mode", "action_names", *GazeOptions.__annotations__))
    return Gaze(space, num_rows=num_rows, retina=retina, **options)


def _action_space(space: spaces.Space[Any]) -> spaces.Dict:
    return spaces.Dict(location=spaces.Box(-1, 1, (2,), np.float32), action=space)


def _check_render_mode(mode: str | None) -> str | None:
    if mode not in (None, "rgb_array"):
        raise ValueError(
            f"render_mode is {mode!r}; it must be None or 'rgb_array', for a window: gymnasium.wrappers.HumanRendering"
        )
    return mode
