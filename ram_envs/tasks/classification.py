"""Classification by glimpses: the rules of Glimpse-MNIST (the paper's section 4.1), batched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ram_envs.arguments import check_whole
from ram_envs.gallery.sources import is_lazy
from ram_envs.images.augmentation import Augmentation
from ram_envs.images.datasets import Dataset, check_split, load_resized_mnist
from ram_envs.images.sources import load_split
from ram_envs.retina.gaze import Rows, Shrink
from ram_envs.retina.prepared import PreparedImages
from ram_envs.retina.retina import EACH_ITS_OWN
from ram_envs.tasks.naming import Naming
from ram_envs.tasks.pictures import GalleryClassification
from ram_envs.tasks.placing import Placement, SceneRules, place
from ram_envs.tasks.scenes import as_distractor_images, ink_boxes, paint
from ram_envs.tasks.task import Task
from ram_envs.tasks.threads import of_each_part

# Seeds of the fixed scenes: everyone evaluates on the same ones. Changing a number changes every published result.
SCENE_SEEDS = {"validation": 20141, "test": 20142}


class Classification(Naming):
    """Look `num_glimpses` times at a still scene, then name the class of the image in it; see `Naming`.

    Args:
        dataset: the images to classify.
        num_objects: how many of them a scene shows.
        num_choices: uniform draws that choose more of a scene than places; see `_arrange`.
        split: "train" draws each scene afresh; "validation" and "test" have one fixed scene for each image.
        distractor_images: (M, h, w[, C]), what distractors are cut from; `dataset`'s own if None.
        canvas_size: width and height of the scene in pixels, or (height, width); None for the size of the images.
        max_shift: in the "train" split, by how many pixels the image may lie off the places that the canvas allows it,
            hanging over the edge: small random shifts against overfitting.
        max_distortion: in the "train" split, how much a random half of the images is rotated, slanted and
            stretched: the numbers of a linear map are off the identity's by up to so much. From 0 to 0.5; 0.1 is mild.
        max_bend: in the "train" split, by how many pixels parts of the same half are moved against each other, as in
            Simard et al. 2003; 1 is mild.
        flip, max_crop, max_brightness: in the "train" split, mirror a random half of the images, show parts of them,
            and change their light; see `Augmentation`.
        num_distractors: how many small cuts of other images lie about.
        distractor_size: width and height of a cut in pixels.
        periphery: observations hold the whole scene too, at this width and height in pixels, or (height, width).
        threads: so many paint the scenes of a batch and look at them; the episodes are the same with any number.
        arguments: of `Naming`.
    """

    def __init__(
        self,
        dataset: Dataset,
        num_objects: int = 1,
        num_choices: int = 0,
        *,
        split: str = "train",
        canvas_size: int | tuple[int, int] | None = None,
        max_shift: int = 0,
        max_distortion: float = 0.0,
        max_bend: float = 0.0,
        flip: bool = False,
        max_crop: float = 0.0,
        max_brightness: float = 0.0,
        num_distractors: int = 0,
        distractor_size: int = 8,
        distractor_images: NDArray[np.uint8] | None = None,
        periphery: int | tuple[int, int] | None = None,
        threads: int = 1,
        **arguments: Any,
    ) -> None:
        check_split(split)
        self.threads = check_whole("threads", threads, 1)
        warps: dict[str, Any] = {"max_distortion": max_distortion, "max_bend": max_bend}
        augmentation = Augmentation(**warps, flip=flip, max_crop=max_crop, max_brightness=max_brightness)
        self.augmentation = augmentation if split == "train" else Augmentation()
        self.dataset = dataset
        self.distractor_images = as_distractor_images(distractor_images, dataset.images)
        canvas_height, canvas_width = _canvas(canvas_size, dataset.images.shape[1:3])
        self.rules = SceneRules(
            canvas_height=canvas_height,
            canvas_width=canvas_width,
            image_height=dataset.images.shape[1],
            image_width=dataset.images.shape[2],
            max_shift=check_whole("max_shift", max_shift, 0),
            num_distractors=check_whole("num_distractors", num_distractors, 0),
            distractor_size=check_whole("distractor_size", distractor_size, 1),
            num_objects=num_objects,
        )
        self.rules.check()
        if split != "train":
            self.rules = self.rules._replace(max_shift=0)
        self._num_scene_draws = self.rules.num_draws + num_choices
        super().__init__(
            dataset.labels,
            (canvas_height, canvas_width, *dataset.images.shape[3:]),
            self._num_scene_draws + num_objects * self.augmentation.num_draws,
            **arguments,
        )
        self.corners = np.zeros((self.batch_size, num_objects, 2), np.int64)
        """Where each image lies: its top row and left column."""
        self.shown = np.zeros((self.batch_size, num_objects), np.int64)
        """Which images of the data set those are."""
        self._scenes = np.empty((self.batch_size, *self.image_shape), np.uint8)
        self._seen = PreparedImages(self.retina, self._scenes, num_glimpses=self.num_steps, ready=False)
        self._fixed_draws = _fixed_draws(split, self.num_scenes, self._num_scene_draws)
        self._shrink = None if periphery is None else Shrink(self.image_shape, periphery)
        self._peripheries = self._observe_periphery()

    def _observe_periphery(self) -> NDArray[np.float32]:
        """Where whole scenes are kept, (batch_size, h, w[, C]), if they are observed; then the space has them too."""
        if self._shrink is None:
            return np.zeros(0, np.float32)
        whole = spaces.Box(0, 1, self._shrink.shape, np.float32)
        self.observation_space = spaces.Dict({**self.observation_space.spaces, "periphery": whole})
        return np.zeros((self.batch_size, *self._shrink.shape), np.float32)

    def _begin(self, rows: Rows, draws: NDArray[np.float64], indices: NDArray[np.int64] | None) -> None:
        assert indices is not None  # `Naming` has chosen them.
        placed = 1 + self._num_scene_draws
        scene_draws = draws[:, 1:placed] if self._fixed_draws is None else self._fixed_draws[indices]
        placement, shown = self._arrange(rows, scene_draws, indices)
        where = self.where(rows)
        self.corners[where], self.shown[where] = placement.corners, shown
        images = self.dataset.images
        if self.augmentation.num_draws:
            each = draws[:, placed:].reshape(shown.size, self.augmentation.num_draws)
            images = self.augmentation(images, shown.reshape(-1), each)
            shown = np.arange(shown.size).reshape(shown.shape)
        self._paint(rows, images, shown, placement)

    def _arrange(
        self, rows: Rows, draws: NDArray[np.float64], indices: NDArray[np.int64]
    ) -> tuple[Placement, NDArray[np.int64]]:
        """Where things lie in `rows`, and which images are shown (n, num_objects), from their scenes' numbers (n,).

        The draws (n, num_draws + num_choices) are fixed ones in a split of fixed scenes.
        """
        placed = place(draws, self.rules, num_images=len(self.distractor_images))
        return placed, indices[:, None]

    def _paint(self, rows: Rows, images: NDArray[np.uint8], shown: NDArray[np.int64], placement: Placement) -> None:
        """Paint the scenes of `rows` with `images[shown]` (n, num_objects, h, w[, C])."""
        if self.threads == 1:  # a single environment would spend a thirtieth of its steps on cutting parts
            self._fill(rows, images, shown, placement)
        else:
            corners, distractors = placement
            of_each_part(
                lambda part: self._fill(rows[part], images, shown[part], Placement(corners[part], distractors[part])),
                len(rows),
                self.threads,
            )
        if self._shrink is not None:
            self._peripheries[rows] = self._shrink(self._scenes[rows])

    def _fill(self, rows: Rows, images: NDArray[np.uint8], shown: NDArray[np.int64], placement: Placement) -> None:
        """Scenes and their tables."""
        paint(images, shown, placement, self.rules, self.distractor_images, self._scenes, rows)
        if self._seen.has_tables:
            self._seen.refresh(rows)

    def observe(self, rows: Rows) -> dict[str, NDArray[np.float32]]:
        """See `Task.observe`; with `periphery` (n, h, w[, C]) too."""
        seen = super().observe(rows)
        return seen if self._shrink is None else seen | {"periphery": self._peripheries[rows]}

    def scenes(self, rows: Rows) -> NDArray[np.uint8]:
        """See `Task.scenes`."""
        return self._scenes if len(rows) == self.batch_size else self._scenes[rows]

    def _glimpse(self, rows: Rows, centres: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        if self.threads == 1:
            return self._seen.look(centres, EACH_ITS_OWN if len(rows) == self.batch_size else rows)
        look = self._seen.look
        return np.concatenate(of_each_part(lambda part: look(centres[part], rows[part]), len(rows), self.threads))

    def targets(self, rows: Rows) -> NDArray[np.int64]:
        """See `Task.targets`: the smallest box around the ink of the image, as the data set has it."""
        return self.boxes(rows)[:, 0]

    def boxes(self, rows: Rows) -> NDArray[np.int64]:
        """The smallest box around the ink of each image in the scenes, (n, num_objects, 4), as `Task.targets`."""
        where = self.where(rows)
        shown = self.shown[where]
        boxes = ink_boxes(self.dataset.images[shown.reshape(-1)]).reshape(*shown.shape, 4)
        boxes[..., :2] += self.corners[where]
        return boxes


class MNISTClassification(Classification):
    """`Classification` of MNIST; distractors are cut from training digits in every split.

    Args:
        num_objects, num_choices: of `Classification`.
        split: "train", "validation" or "test".
        digit_size: width and height of the digits in pixels, those that distractors are cut from too.
        arguments: of `Classification`.
    """

    target_name = "the digit"

    def __init__(
        self,
        num_objects: int = 1,
        num_choices: int = 0,
        *,
        split: str = "train",
        digit_size: int = 28,
        num_distractors: int = 0,
        **arguments: Any,
    ) -> None:
        check_split(split)
        size = check_whole("digit_size", digit_size, 1)
        super().__init__(
            load_resized_mnist(split, size),
            num_objects,
            num_choices,
            split=split,
            num_distractors=num_distractors,
            distractor_images=load_resized_mnist("train", size).images if num_distractors else None,
            **arguments,
        )


class ImageClassification(Classification):
    """`Classification` of a user's own images; see `sources.load_split`. Distractors are cut from training images.

    What does not fit into memory is looked at by `GalleryClassification`.
    """

    @classmethod
    def variant(cls, arguments: dict[str, Any]) -> type[Task]:
        """See `Task.variant`."""
        return GalleryClassification if is_lazy(arguments) else cls

    def __init__(
        self,
        *,
        images: Any = None,
        labels: Any = None,
        split: str = "train",
        hold_out: bool | None = None,
        image_size: int | tuple[int, int] | None = None,
        lazy: bool | None = None,
        class_names: Sequence[str] | None = None,
        num_distractors: int = 0,
        distractor_size: int | None = None,
        distractor_images: NDArray[np.uint8] | None = None,
        **arguments: Any,
    ) -> None:
        source = load_split(images, labels, split=split, hold_out=hold_out, image_size=image_size)
        if distractor_images is None and num_distractors:
            distractor_images = source.read_training_images()
        super().__init__(
            source.dataset,
            split=split,
            class_names=class_names or source.class_names,
            num_distractors=num_distractors,
            distractor_size=min(8, *source.dataset.images.shape[1:3]) if distractor_size is None else distractor_size,
            distractor_images=distractor_images,
            **arguments,
        )


def _fixed_draws(split: str, num_scenes: int, num_draws: int) -> NDArray[np.float64] | None:
    """The draws of the fixed scenes of a split (num_scenes, num_draws); None for "train", which has none."""
    if split not in SCENE_SEEDS:
        return None
    return np.random.default_rng(SCENE_SEEDS[split]).random((num_scenes, num_draws))


def _canvas(canvas_size: int | tuple[int, int] | None, image_size: tuple[int, ...]) -> tuple[int, int]:
    if canvas_size is None:
        return image_size[0], image_size[1]
    sizes = (canvas_size, canvas_size) if isinstance(canvas_size, (int, np.integer)) else tuple(canvas_size)
    if len(sizes) != 2:
        raise ValueError(f"canvas_size is {canvas_size!r}; it must be one number of pixels, or (height, width)")
    return check_whole("canvas height", sizes[0], 1), check_whole("canvas width", sizes[1], 1)
