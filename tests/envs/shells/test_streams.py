"""Each row's draws are those of its own generator, however rows are taken and whatever is made ahead."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from ram_envs.shells.streams import MOST_AHEAD, Streams


def test_rows_draw_what_their_own_generators_draw_in_any_order() -> None:
    streams = Streams(num_rows=5, num_draws=3)
    streams.seed(40, np.arange(5))
    own = [np.random.default_rng(40 + row) for row in range(5)]
    order = np.random.default_rng(0)
    for _ in range(8 * MOST_AHEAD):
        rows = np.flatnonzero(order.random(5) < 0.5)
        expected = [own[row].random(3) for row in rows]
        np.testing.assert_array_equal(streams.take(rows), np.reshape(expected, (len(rows), 3)))


def test_repeats_draw_alike() -> None:
    streams = Streams(num_rows=6, num_draws=2, repeats=3)
    streams.seed(7, np.arange(6))
    assert streams.seeds == [7, 7, 7, 8, 8, 8]
    draws = streams.take(np.arange(6))
    np.testing.assert_array_equal(draws[:3], np.broadcast_to(np.random.default_rng(7).random(2), (3, 2)))
    np.testing.assert_array_equal(draws[3:], np.broadcast_to(np.random.default_rng(8).random(2), (3, 2)))


def test_a_list_seeds_row_by_row_and_some_rows_may_be_left_alone() -> None:
    streams = Streams(num_rows=3, num_draws=1)
    streams.seed(0, np.arange(3))
    streams.take(np.arange(3))
    streams.seed([9, None, 9], np.array([0, 1]))
    first, second, third = streams.take(np.arange(3)).ravel()
    assert first == np.random.default_rng(9).random()
    assert second == np.random.default_rng(1).random(2)[1], "None lets the row go on"
    assert third == np.random.default_rng(2).random(2)[1], "a row that was not asked for goes on"
    assert streams.seeds == [9, 1, 2]


def test_a_refused_list_changes_no_row() -> None:
    streams, untouched = (Streams(num_rows=3, num_draws=1) for _ in range(2))
    for each in (streams, untouched):
        each.seed(0, np.arange(3))
    for seeds, named in (([5, None, -1], "-1"), ([5, 2.5, 6], r"2\.5"), ([5, 6, "3"], "'3'")):
        with pytest.raises(gym.error.Error, match=named):
            streams.seed(seeds, np.arange(3))
    with pytest.raises(gym.error.Error, match="-7"):
        streams.seed([5, 6, -7], np.array([0]))  # also for a row that is not asked for
    assert streams.seeds == [0, 1, 2]
    np.testing.assert_array_equal(streams.take(np.arange(3)), untouched.take(np.arange(3)))


def test_unseeded_streams_differ() -> None:
    draws = [Streams(num_rows=4, num_draws=2).take(np.arange(4)) for _ in range(3)]
    assert len(np.unique(np.concatenate(draws).round(12), axis=0)) == 12


def test_draws_are_the_takers_own() -> None:
    streams = Streams(num_rows=2, num_draws=4)
    streams.seed(0, np.arange(2))
    streams.take(np.arange(2)).fill(0)
    np.testing.assert_array_equal(streams.take(np.array([0]))[0], np.random.default_rng(0).random(8)[4:])


def test_a_list_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2 seeds .* 3 environments"):
        Streams(num_rows=3, num_draws=1).seed([1, 2], np.arange(3))


def test_peeking_tells_what_is_taken_next() -> None:
    streams, rows = Streams(num_rows=3, num_draws=5), np.arange(3)
    streams.seed(1, rows)
    assert streams.peek(rows).shape == (0, 5), "nothing is made yet"
    streams.take(rows)
    seen = streams.peek(rows[1:])
    np.testing.assert_array_equal(streams.take(rows)[1:], seen)
