"""The compiled code of the tasks' steps: one call does for all rows what would take numpy some twenty.

`rows` are numbers of rows of the states, (n,); of other arrays row i tells of the state's row `rows[i]`.
"""

from __future__ import annotations

import numpy as np

from ram_envs.retina.compiled import kernel


@kernel
def begin_episodes(rows, start, steps, eye, path, last_actions, finished, successes):  # type: ignore[no-untyped-def]
    """Put down that the rows look at `start`, and that nothing has happened yet."""
    for i in range(len(rows)):
        row = rows[i]
        steps[row], last_actions[row] = 0, -1
        finished[row] = successes[row] = False
        eye[row, 0], eye[row, 1] = start[i, 0], start[i, 1]
        path[row, 0, 0], path[row, 0, 1] = start[i, 0], start[i, 1]


@kernel
def take_step(rows, moved, actions, steps, path, last_actions):  # type: ignore[no-untyped-def]
    """Count one step more, and put down where the rows now look, `moved`, and what they did.

    Returns False, and changes nothing, if a row has taken all its steps, else True.
    """
    for row in rows:
        if steps[row] + 1 >= path.shape[1]:
            return False
    for i in range(len(rows)):
        row = rows[i]
        steps[row] += 1
        path[row, steps[row], 0], path[row, steps[row], 1] = moved[i, 0], moved[i, 1]
        last_actions[row] = actions[i]
    return True


@kernel
def answer(rows, actions, steps, num_steps, stopped, labels, reward, terminated, correct):  # type: ignore[no-untyped-def]
    """Fill what a step brings in `Naming`: at the last step, or where a row stopped, 1 for the right class."""
    for i in range(len(rows)):
        row = rows[i]
        terminated[i] = steps[row] == num_steps or stopped[row]
        correct[i] = actions[i] == labels[row]
        reward[i] = 1.0 if terminated[i] and correct[i] else 0.0


@kernel
def answer_in_turn(rows, actions, steps, looks, last, answers, given, labels, right, reward, terminated, correct):  # type: ignore[no-untyped-def]
    """Fill what a step brings in `Reading`, where every `looks`-th action is an answer and `last` (B,) counts from 0.

    `given` takes the answers, `right` whether the actions named what they were to, and `labels` become what the next
    ones are to name. An episode that ends is `correct` if all that was given is right.
    """
    for i in range(len(rows)):
        row = rows[i]
        number, before = (steps[row] - 1) // looks, (steps[row] - 1) % looks
        answered = before == looks - 1
        correct[i] = right[row] = actions[i] == labels[row]
        reward[i] = 1.0 if answered and right[row] else 0.0
        terminated[i] = answered and number == last[row]
        labels[row] = answers[row, min(number + answered, last[row])]
        if answered:
            given[row, number] = actions[i]
        if terminated[i]:
            for k in range(last[row] + 1):
                correct[i] = correct[i] and given[row, k] == answers[row, k]


@kernel
def end_step(rows, moved, terminated, success, eye, finished, successes, counts):  # type: ignore[no-untyped-def]
    """Put down what a step brought: at the end of an episode the eye stays, and the successes or failures count."""
    for i in range(len(rows)):
        row = rows[i]
        finished[row], successes[row] = terminated[i], success[i]
        if terminated[i]:
            counts[row, 0 if success[i] else 1] += 1
        else:
            eye[row, 0], eye[row, 1] = moved[i, 0], moved[i, 1]


@kernel
def play_catch(rows, actions, steps, start, drift, lit, size, ball_speed, terminated, caught):  # type: ignore[no-untyped-def]
    """Move paddles, and put balls where they are after `steps`: in `lit` (B, 1 + paddle_width, 2), as `Catch.lit`.

    `size` is (height, width) of the screen. `terminated` and `caught` are filled: at the bottom a game ends.
    """
    height, width = size
    paddle_width = lit.shape[1] - 1
    for i in range(len(rows)):
        row = rows[i]
        # A path that bounces between walls is a straight one folded at them.
        folded = width - abs((start[row] + drift[row] * steps[row]) % (2 * width) - width)
        ball = int(min(folded, float(width - 1)))
        paddle = min(max(lit[row, 1, 0] + actions[i] - 1, 0), width - paddle_width)
        fallen = steps[row] * ball_speed
        lit[row, 0, 0], lit[row, 0, 1] = ball, min(fallen, height - 1)
        for column in range(paddle_width):
            lit[row, 1 + column, 0] = paddle + column
        terminated[i] = fallen >= height - 1
        caught[i] = terminated[i] and paddle <= ball < paddle + paddle_width


@kernel
def places_in_catch(rows, lit, size, ball, paddle):  # type: ignore[no-untyped-def]
    """Fill the places (n, 2) of balls, float64, and of paddles, float32, in [-1, 1] of the screen (height, width)."""
    height, width = size
    middle, bottom = lit.shape[1] - 1, np.float32(2 * height - 1) / np.float32(height) - np.float32(1)
    for i in range(len(rows)):
        row = rows[i]
        ball[i, 0] = (2 * lit[row, 0, 0] + 1) / width - 1
        ball[i, 1] = (2 * lit[row, 0, 1] + 1) / height - 1
        paddle[i, 0] = np.float32((2 * lit[row, 1, 0] + middle) / width - 1)
        paddle[i, 1] = bottom
