"""The environments, as `ram_envs` registers them; each class tells all about its game."""

from __future__ import annotations

from ram_envs.shells.single import TaskEnv
from ram_envs.shells.vector import TaskVectorEnv
from ram_envs.tasks.catch import Catch
from ram_envs.tasks.classification import ImageClassification, MNISTClassification


class GlimpseMNISTEnv(TaskEnv):
    """Name a handwritten digit that is seen only through a few glimpses.

    ## Description

    Glimpse-MNIST of "Recurrent Models of Visual Attention" (Mnih et al. 2014, section 4.1). A scene holds one MNIST
    digit, and in the harder ids clutter. The agent never sees the scene whole: at each step it sees the retina's
    patches around one location, chooses where to look next, and says which digit it believes it sees. After
    `num_glimpses` glimpses its prediction is the answer.

    | id | scene | digit | distractors | retina | glimpses |
    |---|---|---|---|---|---|
    | `ram_envs/GlimpseMNIST-v0` | 28x28 | centred | 0 | 8x8, 1 scale | 6 |
    | `ram_envs/GlimpseMNIST-Translated-v0` | 60x60 | anywhere | 0 | 12x12, 3 scales | 6 |
    | `ram_envs/GlimpseMNIST-Cluttered-v0` | 60x60 | anywhere | 4 | 12x12, 3 scales | 6 |
    | `ram_envs/GlimpseMNIST-Cluttered100-v0` | 100x100 | anywhere | 8 | 12x12, 4 scales | 6 |
    | `ram_envs/GlimpseMNIST-Megapixel-v0` | 1000x1000 | anywhere | 800 | 12x12, 7 scales | 24 |

    The last is not the paper's: a million pixels, of which 24 glimpses see 2%. The eye begins in the middle and moves
    by relative saccades; `canvas_size` and `num_distractors` make it smaller, at the same density of clutter with one
    distractor for 1,250 pixels.

    A distractor is an 8x8 cut, at a random place, of a random training digit; it lands at a random place. Digit and
    distractors are added and clamped to 255. In the "train" split every episode has a fresh scene; in "validation" and
    "test" the scene is a fixed function of the image's index, so that everyone evaluates on the same scenes.

    ## Action Space

    `Dict(location=Box(-1, 1, (2,), float32), action=Discrete(10))`. `location` is where to look next, (x, y): (0, 0)
    is the middle of the scene, (-1, -1) its top-left corner. `action` is the digit that the agent believes it sees.
    With `can_stop=True` there is a third part, `stop=Discrete(2)`: 1 makes this step's `action` the answer. Other forms
    by the argument `action`: "flat", "grid" or "discrete".

    ## Observation Space

    `Dict(glimpse=Box(0, 1, (k, g, g), float32), location=Box(-1, 1, (2,), float32))`. `glimpse` holds the retina's k
    patches, the finest first, each twice as wide as the one before and all brought down to g x g by averaging; what
    lies outside the scene is 0. `location` is where this glimpse was taken. With relative saccades it is
    `Box(-inf, inf, (2,), float32)`: how far that is from the scene's middle, in units of the reach.

    ## Rewards

    1 at the last step if the action is the digit's class, else 0. Before it -`glimpse_cost` at each step, each of which
    takes another glimpse: an episode of m glimpses that ends with the right answer returns 1 - (m - 1) `glimpse_cost`.
    Less `saccade_cost` too, times the distance between this observation's location and the next one's.

    ## Starting State

    A random scene of the split, and the first glimpse at the initial location.

    ## Episode End

    Terminated after `num_glimpses` steps: the location of step t chooses glimpse t + 1, the location of the last step
    is not used, and its action is the answer. The last observation repeats the last glimpse. With `can_stop` the first
    step that says `stop` is the last. Never truncated.

    ## Information

    The same keys after `reset` and every step: `label` (the digit's class: privileged, for supervised losses), `index`
    (of the image in its split), `prediction` (the action just taken; -1 after `reset`), `correct` (whether it is the
    label), `gaze` (where the glimpse was taken, in [-1, 1] of the scene whatever the saccades), and `is_success` (at
    the end whether the answer is right; False before).

    ## Arguments

    ```python
    gym.make("ram_envs/GlimpseMNIST-v0", split="train", num_glimpses=6, patch_size=8, num_scales=1, pooling="average",
             initial_location="random", saccade="absolute", digit_size=28, canvas_size=None, max_shift=0,
             max_distortion=0.0, max_bend=0.0, num_distractors=0, distractor_size=8, periphery=None, threads=1,
             can_stop=False, glimpse_cost=0.0, saccade_cost=0.0, action="dict", grid_size=None,
             action_location_key="location", render_mode=None)
    ```

    - `split`: "train" (55,000 images), "validation" (5,000, held out of MNIST's training file) or "test" (10,000).
    - `num_glimpses`: T. The paper uses 2 to 7 on 28x28 and 4, 6 or 8 elsewhere.
    - `patch_size`, `num_scales`: g and k of the retina. `pooling`: "average", or "max" of each block.
    - `initial_location`: "random", uniform over the scene, or "center".
    - `saccade`: "absolute": an action's location is the place to look at. "relative": it is a displacement a, by which
      the eye moves `reach * sign(a) * a**2` pixels in each axis; the reach is half the coarsest patch. The eye stops at
      the scene's edges. Then nothing that the agent gets depends on the scene's size.
    - `digit_size`: width and height of the digits in pixels; other than 28 they are resized, bilinearly, and averaged
      where they shrink. Distractors are cut from digits of the same size.
    - `canvas_size`: the scene's width and height, or (height, width); None for the size of the digits.
    - `max_shift`: in the "train" split, by how many pixels the digit may lie off the places that the canvas allows it.
    - `max_distortion`: in the "train" split, how much a random half of the digits is rotated, slanted and stretched,
      from 0 to 0.5; 0.1 is a little. `max_bend`: by how many pixels parts of the same half move against each other.
      Not in the paper.
    - `num_distractors`, `distractor_size`: the clutter.
    - `periphery`: observations hold the whole scene too, shrunk to this width and height, or (height, width): one more
      part, `periphery=Box(0, 1, (h, w), float32)`.
    - `threads`: of a vector environment; so many paint its scenes and look at them. It pays for scenes of a few hundred
      pixels and more. The episodes are the same with any number.
    - `can_stop`, `glimpse_cost`: learn when to stop looking. The paper names it as an extension, "an additional action
      that decides when it will stop taking glimpses" (section 3), and does not try it.
    - `saccade_cost`: long ways cost more. Not in the paper.
    - `action`: its form. "dict"; "flat", `Box(2 + n)`: the location, then n scores, of which the largest is the action;
      "grid", `MultiDiscrete([7, 7, n])`: column and row of the cell whose middle is the location, and the action;
      "discrete", `Discrete(49 * n)`: number (row * 7 + column) * n + a. `grid_size`: other than 7, or (columns, rows).
    - `action_location_key`: the name of a Dict action's location, where "location" would hide the observation's.
    - `render_mode`: "human", "rgb_array" or None.
    - `reset(options={"index": i})` chooses the image.

    The vector environment (`gym.make_vec`) takes `num_envs`, `autoreset_mode` and `repeats` too; see `TaskVectorEnv`.

    ## Deviations from the paper

    The paper does not say how a patch is resized: here by averaging blocks. Its first location is not stated: here
    uniformly random. It trains on all 60,000 training images: here the last 5,000 are held out for the choice of
    models.

    ## Version History

    - v0: first version.
    """

    task_class = MNISTClassification


class GlimpseMNISTVectorEnv(TaskVectorEnv):
    """Many episodes of `GlimpseMNISTEnv` side by side; see there for the game, and `TaskVectorEnv` for the batch."""

    task_class = MNISTClassification


class GlimpseImagesEnv(TaskEnv):
    """Name the class of your own images through glimpses.

    ## Description

    Glimpse-MNIST's game (see `GlimpseMNISTEnv`) on any images with labels, grey or colour, of any size: arrays, a file
    of arrays, a folder of image files, or a small data set of scikit-learn's. Or, read only when they are looked at,
    pictures that do not fit into memory, each of its own size: a folder, a table of files, a function.

    ## Action Space

    `Dict(location=Box(-1, 1, (2,), float32), action=Discrete(n))`, n the number of classes.

    ## Observation Space

    `Dict(glimpse=Box(0, 1, (k, g, g), float32), location=Box(-1, 1, (2,), float32))`; for colour images (k, g, g, C).

    ## Rewards

    1 at the last step if the action is the image's class, else 0.

    ## Starting State

    A random image, and the first glimpse at the initial location.

    ## Episode End

    Terminated after `num_glimpses` steps. Never truncated.

    ## Information

    As `GlimpseMNISTEnv`.

    ## Arguments

    ```python
    gym.make("ram_envs/GlimpseImages-v0", images=images, labels=labels)
    gym.make("ram_envs/GlimpseImages-v0", images="flowers", image_size=64, split="test")
    ```

    - `images`: arrays (N, H, W) or (N, H, W, C), uint8 in 0..255 or floats in 0..1, with `labels` (N,), whole numbers
      from 0. Or a path (a string, so that a checkpoint can remember it): of an .npz file that holds such "images" and
      "labels" and perhaps "class_names"; or of a folder with one folder of image files for each class. Or
      "sklearn:digits" (1,797 grey, 8x8, 10 classes) or "sklearn:photos" (520 tiles in colour, 32x32, 2 classes).
    - `split` and `hold_out`: with True, of each class's images, in their order, every tenth is for "test", the one
      before it for "validation", the others for "train". With False all images are in every split, and `split` only
      tells whether scenes are made afresh ("train") or fixed for each image. By default arrays are taken whole, files
      and folders are split. A folder that holds the folders "train", "validation" and "test" is split already.
    - `images`, read when they are looked at, each picture a scene of its own size: of a folder whose images differ in
      size, if there is no `image_size`; of a table `labels.csv` with the columns file, label, and perhaps split and
      group (a group is never in two splits); of an array `images.npy`, with `labels`; or of a function of an index,
      with `labels`, that gives an array or a `ram_envs.gallery.pyramid.Picture`. `lazy=True` has every folder read so,
      `lazy=False` none. Then scales 0 to 3 are exact, coarser patches lie off by at most 1/16 of a cell, `scene_shape`
      is None, and scenes are as they are: `canvas_size`, `max_shift`, distractors, distortions and `threads` are
      unknown.
    - `cache_dir`: where such pictures are kept once decoded; None for `ram_envs` in the user's directory of caches.
      `cache_bytes`: how much they may take there, 32 GiB if not given.
    - `image_size`: of a folder's images: width and height, or (height, width); each is scaled to cover it, and cut.
    - `flip`, `max_crop`, `max_brightness`: in the "train" split, mirror a random half of the images, left for right;
      show a part of each in its place, up to this share of its height and width cut off (from 0 to 0.9); multiply its
      light by 1 - this to 1 + this (from 0 to 1). Off by default. GlimpseMNIST takes them too. Of pictures that are
      read when they are looked at no pixel is scaled: a part is a smaller scene.
    - `num_classes`: n, if it is more than the largest label + 1. `class_names`: of the n classes, for pictures.
    - `distractor_images`: what distractors are cut from, (M, H, W[, C]) uint8; the training images if None.
    - All other arguments of `GlimpseMNISTEnv` but `digit_size`.

    ## Deviations from the paper

    The paper has no such task.

    ## Version History

    - v0: first version.
    """

    task_class = ImageClassification


class GlimpseImagesVectorEnv(TaskVectorEnv):
    """Many episodes of `GlimpseImagesEnv` side by side; see there for the game, and `TaskVectorEnv` for the batch."""

    task_class = ImageClassification


class CatchEnv(TaskEnv):
    """Catch a falling ball that is seen only through a retina.

    ## Description

    The dynamic environment of "Recurrent Models of Visual Attention" (Mnih et al. 2014, section 4.2). On a binary
    screen of 24x24 pixels a ball of one pixel falls from a random column of the top row, one row a step, at a random
    angle, bouncing off the side walls. A paddle of two pixels lies in the bottom row. The agent moves the paddle, and
    its gaze, to be under the ball when it comes down.

    ## Action Space

    `Dict(location=Box(-1, 1, (2,), float32), action=Discrete(3))`: where to look next, (x, y) with (0, 0) in the
    middle of the screen, and 0 left, 1 stay, 2 right by one pixel. Other forms by the argument `action`.

    ## Observation Space

    `Dict(glimpse=Box(0, 1, (3, 6, 6), float32), location=Box(-1, 1, (2,), float32))`: the retina's patches, the finest
    first, and where they were taken. With `foveated=False` the glimpse is the whole screen, (1, 24, 24).

    ## Rewards

    1 at the last step if the paddle is under the ball, else 0. No reward before. A paddle that ignores the ball
    catches 8%.

    ## Starting State

    The ball in the top row, its column uniform, its angle to the vertical uniform up to 45 degrees; the paddle at a
    uniformly random place; the first glimpse at the initial location.

    ## Episode End

    Terminated when the ball reaches the bottom row, after 23 steps. Each step moves paddle and ball, then looks at the
    new screen. The location of the last step is not used; the last observation shows the last screen where the agent
    looked before. Never truncated.

    ## Information

    The same keys after `reset` and every step: `ball` and `paddle` (their centres as locations: privileged), `index`
    (of a numbered game, else -1), `gaze` (where the glimpse was taken, in [-1, 1] of the screen), and `is_success` (at
    the end whether the ball is caught; False before).

    ## Arguments

    ```python
    gym.make("ram_envs/Catch-v0", height=24, width=24, paddle_width=2, ball_speed=1, max_angle=45.0, patch_size=6,
             num_scales=3, pooling="average", initial_location="random", saccade="absolute", foveated=True,
             action="dict", grid_size=None, action_location_key="location", render_mode=None)
    ```

    - `height`, `width`, `paddle_width`: in pixels. `ball_speed`: rows a step. `max_angle`: in degrees, below 90.
    - `patch_size`, `num_scales`: g and k of the retina. `pooling`: "average", or "max", which keeps the single pixel
      of the ball fully bright at the coarse scales (averaged it is down to 1/16).
    - `initial_location`: "random" or "center".
    - `saccade`: "absolute" or "relative", see `GlimpseMNISTEnv`.
    - `foveated`: False for the whole screen, a control; it has no reach, so its saccades are absolute.
    - `action`, `grid_size`, `action_location_key`: the form of an action, see `GlimpseMNISTEnv`.
    - `reset(options={"index": i})` begins the numbered game i, the same for everyone.

    The vector environment (`gym.make_vec`) takes `num_envs`, `autoreset_mode` and `repeats` too; see `TaskVectorEnv`.

    ## Deviations from the paper

    The paper does not give the range of angles, where the paddle begins, how patches are resized, or the first
    location: here 45 degrees, uniformly random, by averaging, and uniformly random.

    ## Version History

    - v0: first version.
    """

    task_class = Catch


class CatchVectorEnv(TaskVectorEnv):
    """Many games of `CatchEnv` side by side; see there for the game, and `TaskVectorEnv` for the batch."""

    task_class = Catch
