"""A vector environment of ap-gym's with RAM's spaces."""

from __future__ import annotations

from typing import Any

import numpy as np
from ap_gym import ActiveClassificationVectorEnv
from ap_gym.envs.image_classification import ImageClassificationVectorEnv
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ram_envs.retina.saccade import InsideSaccades

from .glimpses import interpolate_at_once
from .images import perception_of, splits_of

Observation = dict[str, NDArray[np.float32]]


class GlimpseVectorEnv(VectorEnv[Observation, Any, NDArray[Any]]):
    """A classification task of ap-gym's, seen and answered as the environments of `ram_envs` are.

    The location of an action is ap-gym's relative move, and its discrete action the prediction; infos tell the label.
    The reward is ap-gym's for moving, and 1 at the last step if its action is right: its loss, the cross-entropy after
    each glimpse, is what `Reinforce` minimises with `hybrid=True` and `step_weight` above 0.

    All rows begin and end together, as ap-gym's do, so rows cannot be reset by a mask.

    Args:
        task: the id of one of ap-gym's tasks of image classification, such as "CircleSquare-v0".
        num_envs: rows.
        split: "train", "validation" or "test", where ap-gym has images for testing; see `splits`. None: "train"
            there, else all images. The last twelfth of the training images is for the validation.
        packaged_mnist: of "MNIST-v0", take the images from `ram_envs` in place of a download.
        batched_glimpses: interpolate the glimpses of all rows at once, which is several times as fast as ap-gym's way;
            they differ from ap-gym's by less than 1e-6. See `interpolate_at_once`.

    Raises:
        ValueError: a task, a split or images that there are not, an observation that RAM does not look at, or batched
            glimpses of a sensor that is not square, or whose cells are not a pixel apart.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012

    def __init__(
        self,
        *,
        task: str,
        num_envs: int = 1,
        split: str | None = None,
        packaged_mnist: bool = False,
        batched_glimpses: bool = False,
        render_mode: None = None,
    ) -> None:
        self.num_envs = num_envs
        self._splits = splits_of(task)
        if self._splits and split is None:
            split = self._splits[0]
        config = perception_of(task, split, packaged_mnist=packaged_mnist)
        if config.randomly_invert_labels:
            raise ValueError(f"{task} shows beside the glimpse whether labels are inverted, which RAM does not look at")
        self.env = ImageClassificationVectorEnv(num_envs, config)
        if batched_glimpses:
            interpolate_at_once(self.env.image_perception_module)
        glimpse = self.env.single_observation_space["glimpse"].shape
        self.single_observation_space = spaces.Dict(
            glimpse=spaces.Box(0, 1, (1, *glimpse[: 3 if glimpse[2] > 1 else 2]), np.float32),
            location=spaces.Box(-1, 1, (2,), np.float32),
        )
        self.num_labels = _num_classes(self.env)
        self.single_action_space = spaces.Dict(
            location=spaces.Box(-1, 1, (2,), np.float32), action=spaces.Discrete(self.num_labels)
        )
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.num_glimpses = config.step_limit
        self.scene_shape = tuple(config.dataset[0][0].shape[:2])
        patch = np.array(config.sensor_size) * config.sensor_scale / self.scene_shape[::-1]
        self._saccades = InsideSaccades(np.broadcast_to(config.max_step_length, 2), patch)
        self._eyes = np.zeros((num_envs, 2), np.float32)
        self._over = False

    @property
    def splits(self) -> tuple[str, ...]:
        """What `split` chooses from; empty where every image is for training and testing, as in CircleSquare."""
        return self._splits

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode in every row.

        Args:
            seed: of all rows together.
            options: there are none.

        Raises:
            ValueError: options, such as a mask of rows.
        """
        if options:
            raise ValueError(
                f"ap-gym's rows begin together, with images that it draws: no options, not {sorted(options)}"
            )
        seen, info = self.env.reset(seed=seed)
        self._over = False
        return self._observe(seen), self._info(info["index"], None)

    def step(self, actions: Any) -> tuple[Observation, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Move by `actions["location"]` (n, 2), and predict `actions["action"]` (n,); after an end begin anew."""
        fresh = self._over
        scores = np.eye(self.num_labels, dtype=np.float32)[actions["action"]]
        seen, _, terminated, truncated, info = self.env.step({"action": actions["location"], "prediction": scores})
        self._over = bool(terminated.all())
        observation = self._observe(seen)
        told = self._info(info["index"], None if fresh else actions["action"])
        return observation, np.float64(info["base_reward"]) + told["is_success"], terminated, truncated, told

    def look_at(self, places: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """The locations (n, 2) of actions that bring the sensors as near to places (n, 2) of the image as they can."""
        return self._saccades.look_at(self._eyes, places)

    def close_extras(self, **kwargs: Any) -> None:
        """End ap-gym's thread that prepares images."""
        self.env.close()

    def _observe(self, seen: dict[str, NDArray[Any]]) -> Observation:
        self._eyes = seen["glimpse_pos"]
        return observed(seen)

    def _info(self, index: NDArray[Any], action: Any) -> dict[str, Any]:
        """As the infos of `ram_envs`; `action` is None where an episode has just begun."""
        label = np.asarray(self.env.image_perception_module.current_labels, np.int64)
        prediction = np.full(self.num_envs, -1) if action is None else np.array(action, np.int64)
        info: dict[str, Any] = {"label": label, "index": np.array(index), "prediction": prediction}
        info |= {"correct": prediction == label, "gaze": self._saccades.gaze(self._eyes)}
        info["is_success"] = info["correct"] & self._over
        return info | {f"_{key}": np.ones(self.num_envs, bool) for key in info}


def observed(seen: dict[str, NDArray[Any]]) -> Observation:
    """What RAM looks at of an observation of ap-gym's: glimpse (n, 1, g, g[, C]) and location (n, 2)."""
    glimpse = seen["glimpse"][:, None]
    return {"glimpse": glimpse[..., 0] if glimpse.shape[-1] == 1 else glimpse, "location": seen["glimpse_pos"]}


def _num_classes(env: ActiveClassificationVectorEnv) -> int:
    return int(env.single_prediction_target_space.n)
