"""The environments of several digits and of moving ones; each class tells all about its game."""

from __future__ import annotations

from ram_envs.shells.single import TaskEnv
from ram_envs.shells.vector import TaskVectorEnv
from ram_envs.tasks.digits import Addition, Reading
from ram_envs.tasks.moving import Moving


class GlimpsePairsEnv(TaskEnv):
    """Name two handwritten digits one after the other, seen only through a few glimpses.

    ## Description

    After the reading of several objects in "Multiple Object Recognition with Visual Attention" (Ba, Mnih and
    Kavukcuoglu 2015). A scene of 100x100 pixels holds two MNIST digits at random places; each has the columns that it
    lies in to itself. The agent looks around as in `GlimpseMNISTEnv`, and names the digits from left to right, each
    after `glimpses_per_object` looks: it has to find them, keep their order, and remember which it has named.

    If `num_digits` is a range, the number of digits varies from scene to scene, and after the last of them the agent
    has to answer "end".

    ## Action Space

    `Dict(location=Box(-1, 1, (2,), float32), action=Discrete(10))`: where to look next, and the digit to name now, as
    the agent believes. If the number of digits varies there is one more action, 10, for "end". Other forms by the
    argument `action`.

    ## Observation Space

    `Dict(glimpse=Box(0, 1, (4, 12, 12), float32), location=Box(-1, 1, (2,), float32))`, as `GlimpseMNISTEnv`.

    ## Rewards

    1 at each answer that is right. Less `glimpse_cost`, and `saccade_cost` times the way, at every step but the last.

    ## Starting State

    A random scene of the split, and the first glimpse at the initial location.

    ## Episode End

    Terminated with the last answer: after `glimpses_per_object` steps for each digit, and as many for "end" where the
    number of digits varies. A wrong answer ends nothing. Never truncated.

    ## Information

    The same keys after `reset` and every step: `label` (what the next action is to name; after the last answer that
    one's; privileged), `labels` (all of them in order, padded with "end"), `answered` (how many answers were given),
    `prediction` (the action just taken; -1 after `reset`), `correct` (whether it names what it was to name), `index`
    (of one of the scene's images in its split: the scene's number), `gaze`, and `is_success` (at the end whether all
    answers are right; False before).

    ## Arguments

    ```python
    gym.make("ram_envs/GlimpseMNIST-Pairs-v0", num_digits=2, glimpses_per_object=4, canvas_size=100)
    gym.make("ram_envs/GlimpseMNIST-Pairs-v0", num_digits=(1, 3), num_distractors=8)
    ```

    - `num_digits`: how many, as many as fit beside each other; or the fewest and the most, each number as likely.
    - `glimpses_per_object`: how many looks there are for each answer.
    - All other arguments of `GlimpseMNISTEnv` but `num_glimpses` and `can_stop`.
    - `reset(options={"index": i})` chooses the scene: image i is one of its digits.

    ## Deviations from the paper

    It reads numbers of varying length from photographs of house numbers. Here the digits of a scene are named in order,
    which serves for any number of them. Its retina and its clutter are not reproduced: the retina is that of the
    earlier paper's 100x100, and there is no clutter by default.

    ## Version History

    - v0: first version.
    """

    task_class = Reading


class GlimpsePairsVectorEnv(TaskVectorEnv):
    """Many episodes of `GlimpsePairsEnv` side by side; see there for the game, and `TaskVectorEnv` for the batch."""

    task_class = Reading


class GlimpseAdditionEnv(TaskEnv):
    """Tell the sum of two handwritten digits that are seen only through a few glimpses.

    ## Description

    After "Multiple Object Recognition with Visual Attention" (Ba, Mnih and Kavukcuoglu 2015, "learning to do
    addition"). The scenes are those of `GlimpsePairsEnv`; after `num_glimpses` glimpses the agent answers once, with
    the sum. Nothing tells it which digits it has seen: 3 and 7 have the label of 5 and 5.

    ## Action Space

    `Dict(location=Box(-1, 1, (2,), float32), action=Discrete(19))`: where to look next, and the sum, 0 to 18, as the
    agent believes; of n digits 0 to 9 n. Other forms by the argument `action`.

    ## Observation Space

    `Dict(glimpse=Box(0, 1, (4, 12, 12), float32), location=Box(-1, 1, (2,), float32))`, as `GlimpseMNISTEnv`.

    ## Rewards

    1 at the last step if the action is the sum, else 0; before it less `glimpse_cost` and `saccade_cost` times the way.

    ## Starting State

    A random scene of the split, and the first glimpse at the initial location.

    ## Episode End

    Terminated after `num_glimpses` steps, or with `can_stop` at the first that says `stop`. Never truncated.

    ## Information

    As `GlimpseMNISTEnv`: `label` is the sum, and `index` the number of one of the scene's images in its split.

    ## Arguments

    ```python
    gym.make("ram_envs/GlimpseMNIST-Addition-v0", num_digits=2, num_glimpses=8, canvas_size=100)
    ```

    - `num_digits`: how many, or the fewest and the most, as in `GlimpsePairsEnv`.
    - All other arguments of `GlimpseMNISTEnv`.

    ## Deviations from the paper

    Its retina is not reproduced, nor its number of glimpses; and it does not say whether its digits may overlap.

    ## Version History

    - v0: first version.
    """

    task_class = Addition


class GlimpseAdditionVectorEnv(TaskVectorEnv):
    """Many episodes of `GlimpseAdditionEnv` side by side; see there for the game, and `TaskVectorEnv` for the batch."""

    task_class = Addition


class GlimpseMovingEnv(TaskEnv):
    """Name a handwritten digit that moves through moving clutter while it is looked at.

    ## Description

    Glimpse-MNIST's game (see `GlimpseMNISTEnv`) in scenes of 60x60 pixels that do not stand still: at each step the
    digit and every distractor move on by `speed` pixels. Each has a course of its own: it sets out in a random
    direction, turns by the same angle at each step, up to `max_turn` to either side, and bounces off the edges. Things
    pass through each other; their pixels are added and clamped to 255. The agent has to keep its gaze on the digit.

    ## Action Space

    `Dict(location=Box(-1, 1, (2,), float32), action=Discrete(10))`, as `GlimpseMNISTEnv`.

    ## Observation Space

    `Dict(glimpse=Box(0, 1, (3, 12, 12), float32), location=Box(-1, 1, (2,), float32))`, as `GlimpseMNISTEnv`.

    ## Rewards

    1 at the last step if the action is the digit's class, else 0; before it less `glimpse_cost` and `saccade_cost`
    times the way.

    ## Starting State

    A random scene of the split, and the first glimpse at the initial location. In "validation" and "test" the courses
    are a fixed function of the image's index, as the places are.

    ## Episode End

    Terminated after `num_glimpses` steps, or with `can_stop` at the first that says `stop`. Each step moves everything,
    then looks. The location of the last step is not used; the last observation shows the last scene where the agent
    looked before. Never truncated.

    ## Information

    As `GlimpseMNISTEnv`.

    ## Arguments

    ```python
    gym.make("ram_envs/GlimpseMNIST-Moving-v0", speed=2.0, max_turn=15.0, num_distractors=4, num_glimpses=10)
    ```

    - `speed`: of everything, in pixels a step; 0 for a still scene. `max_turn`: in degrees a step, from 0 to 180.
    - All other arguments of `GlimpseMNISTEnv` but `max_shift`.

    ## Deviations from the paper

    The paper has no such task.

    ## Version History

    - v0: first version.
    """

    task_class = Moving


class GlimpseMovingVectorEnv(TaskVectorEnv):
    """Many episodes of `GlimpseMovingEnv` side by side; see there for the game, and `TaskVectorEnv` for the batch."""

    task_class = Moving
