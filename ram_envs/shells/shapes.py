"""The environments of shapes; each class tells all about its game."""

from __future__ import annotations

from ram_envs.shells.single import TaskEnv
from ram_envs.shells.vector import TaskVectorEnv
from ram_envs.tasks.shapes import CircleSquare


class CircleSquareEnv(TaskEnv):
    """Find a shape by the slope of the light around it, with a small sensor, and tell whether it is a circle.

    ## Description

    The rules of CircleSquare-v0 of ap-gym, the Active Perception Gym (Schneider et al. 2026, version 0.7.1). A scene of
    28x28 pixels shows a circle or a square, white, as high and wide as 9 pixels, around any of its pixels, so that a
    part may be cut off. The nearer to it the brighter is the scene. A sensor of 5x5 pixels, which lies inside the scene
    and between its pixels, moves by at most a tenth of its way from edge to edge in a step, 2.3 pixels. The agent has
    to climb to the shape, and to go along its rim.

    ## Action Space

    `Dict(location=Box(-1, 1, (2,), float32), action=Discrete(2))`. `location` is how far to move the sensor, (x, y) to
    the right and down, in units of the longest step; outside the unit disc it counts as the nearest one on its rim.
    `action` is the shape that the agent believes it sees, 0 a square, 1 a circle. Other forms by the argument `action`.

    ## Observation Space

    `Dict(glimpse=Box(0, 1, (1, 5, 5), float32), location=Box(-1, 1, (2,), float32))`: what the sensor sees, and where
    it is; 1 is where it touches the scene's right or lower edge, -1 the left or upper one.

    ## Rewards

    1 at the last step if the action is the shape, else 0. Before it less `saccade_cost` times the way, between this
    observation's location and the next one's: 0.001 for a step of full length.

    ## Starting State

    A random scene, and the sensor at a random place.

    ## Episode End

    Terminated after `num_glimpses` steps: the location of step t chooses glimpse t + 1, the location of the last step
    is not used, and its action is the answer. With `can_stop` the first step that says `stop` is the last. Never
    truncated.

    ## Information

    As `GlimpseMNISTEnv`: `label`, `index` (of the scene), `prediction`, `correct`, `gaze` (the sensor's middle, in
    [-1, 1] of the scene), `is_success`.

    ## Arguments

    ```python
    gym.make("ram_envs/CircleSquare-v0", image_size=28, object_size=8, gradient=True, max_step=0.2, num_glimpses=16,
             patch_size=5, initial_location="random", can_stop=False, glimpse_cost=0.0, saccade_cost=0.005,
             action="dict", grid_size=None, action_location_key="location", render_mode=None)
    ```

    - `image_size`: width and height in pixels. ap-gym has 20 and 15 too.
    - `object_size`: between the middles of the shape's outermost pixels.
    - `gradient`: False for a black scene, which tells nothing of where the shape is.
    - `max_step`: the longest step, in halves of the sensor's way from edge to edge.
    - `patch_size`: width and height of the sensor.
    - All others as those of `GlimpseMNISTEnv`.
    - `reset(options={"index": i})` chooses scene i: the shape i % 2, around the pixel in row i // 2 // 28 and column
      i // 2 % 28. There are no splits: in training and testing all 1,568 scenes occur.

    ## Deviations from ap-gym

    There an agent gives logits at each step, and is rewarded at each by minus their cross-entropy, divided by log 2;
    here it answers once, for 1 or 0, as in the other environments. The longest action costs as much, but there it is
    paid by what was asked for, not by the way, and for the last step too. Observations there tell the time.

    ## Version History

    - v0: first version.
    """

    task_class = CircleSquare


class CircleSquareVectorEnv(TaskVectorEnv):
    """Many episodes of `CircleSquareEnv` side by side; see there for the game, and `TaskVectorEnv` for the batch."""

    task_class = CircleSquare
