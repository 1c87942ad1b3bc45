"""Checks of arguments, above all of the arrays that compiled code gets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ram_envs.arguments import (
    check_array,
    check_below,
    check_flag,
    check_images,
    check_known,
    check_moderate,
    check_number,
    check_whole,
    has_channels_first,
)


@pytest.mark.parametrize(
    ("check", "arguments", "expected"),
    [
        (check_whole, (3, 1), 3),
        (check_whole, (np.int8(3), 3, 3), 3),
        (check_flag, (np.True_,), True),
        (check_number, (0,), 0.0),
        (check_number, (np.float32(0.5), 0.5), 0.5),
    ],
)
def test_single_values_in_their_working_form(check: Any, arguments: tuple, expected: Any) -> None:
    value = check("it", *arguments)
    assert (type(value), value) == (type(expected), expected)


@pytest.mark.parametrize(
    ("check", "arguments", "error", "named"),
    [
        (check_whole, (2.0, 1), TypeError, r"it is 2\.0; it must be a whole number"),
        (check_whole, (True, 1), TypeError, "it is True"),
        (check_whole, (0, 1), ValueError, "it is 0; it must be at least 1"),
        (check_whole, (4, 1, 3), ValueError, "it is 4; it must be at most 3"),
        (check_whole, (2**53 + 1, 1), ValueError, "it must be at most 9007199254740992"),
        (check_number, (10**400,), ValueError, "it must be from 0 to"),
        (check_flag, (1,), TypeError, "it is 1; it must be True or False"),
        (check_number, ("1",), TypeError, "it is '1'"),
        (check_number, (-0.5,), ValueError, r"-0\.5; it must be from 0 to 1e\+300"),
        (check_number, (math.inf,), ValueError, "inf"),
        (check_number, (2, 1.5), ValueError, r"2; it must be from 0 to 1\.5"),
        (check_number, (math.nan,), ValueError, "nan"),
    ],
)
def test_single_values_out_of_range(check: Any, arguments: tuple, error: type, named: str) -> None:
    with pytest.raises(error, match=named):
        check("it", *arguments)


def test_unknown_names_are_told_with_the_known_ones() -> None:
    check_known({"a": 1}, ["a", "b"])
    with pytest.raises(TypeError, match="unexpected keyword argument 'c', 'd'; known are a, b"):
        check_known({"d": 1, "a": 2, "c": 3}, ["a", "b"])


def test_channels_first_is_few_numbers_before_many() -> None:
    assert all(has_channels_first(shape) for shape in [(3, 32, 32), (1, 28, 28), (4, 84, 84), (3, 9, 5)])
    assert not any(has_channels_first(shape) for shape in [(32, 32, 3), (28, 28), (3, 32), (4, 4, 4), (5, 60, 12)])


def test_images_are_taken_from_lists_and_any_memory() -> None:
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert check_images("it", images) is images
    for other in (list(images), np.asfortranarray(images)):
        checked = check_images("it", other)
        np.testing.assert_array_equal(checked, images)
        assert checked.flags.c_contiguous


@pytest.mark.parametrize(
    ("images", "error", "named"),
    [
        (np.zeros((2, 3, 4)), TypeError, r"it have dtype float64; convert them to uint8 \(0\.\.255\)$"),
        ([[[0, 255]]], TypeError, "int64"),
        (np.zeros((3, 4), np.uint8), ValueError, r"\(3, 4\)"),
        (np.zeros((2, 0, 4), np.uint8), ValueError, r"\(2, 0, 4\)"),
        (np.zeros((9, 3, 32, 32), np.uint8), ValueError, r"\(9, 3, 32, 32\).*numpy\.moveaxis\(it, 1, -1\)"),
    ],
)
def test_other_images_are_refused(images: Any, error: type, named: str) -> None:
    with pytest.raises(error, match=named):
        check_images("it", images)


def test_arrays_are_converted_without_loss_or_refused() -> None:
    for values in ([1, 2], np.array([1, 2], np.int32), np.array([1, 9, 2, 9])[::2]):
        checked = check_array("it", values, np.int64, (2,))
        assert (checked.dtype, checked.tolist(), checked.flags.c_contiguous) == (np.int64, [1, 2], True)
    assert check_array("it", [[0.5]], np.float64, (None, 1)).tolist() == [[0.5]]
    for values, dtype in (([1.0, 2.0], np.int64), ([True, False], np.int64), (np.array([1, 2], np.uint64), np.int64)):
        with pytest.raises(TypeError, match=r"it have dtype \w+; convert them to int64"):
            check_array("it", values, dtype, (2,))
    for shape in ((3,), (2, 1), (None, None)):
        with pytest.raises(ValueError, match=r"it have shape \(2,\); expected \("):
            check_array("it", [1, 2], np.int64, shape)


def test_values_outside_are_named() -> None:
    check_below("it", np.array([[0, 4], [2, 0]]), (3, 5))
    check_below("it", np.zeros(0, np.int64), 0)
    for values, limits, named in (
        ([1, 3], 3, "it hold 3, .* from 0 to 2"),
        ([1, -1], 3, "hold -1"),
        ([[2, 4], [0, 5]], (3, 5), "hold 5, .* from 0 to 4"),
        ([[3, 4]], (3, 5), "hold 3, .* from 0 to 2"),
    ):
        with pytest.raises(IndexError, match=named):
            check_below("it", np.array(values), limits)
    check_moderate("it", np.array([-2.0, 2.0]), 2)
    for value in (2.5, -np.inf, np.nan):
        with pytest.raises(ValueError, match=rf"it hold {value}; each must be from -2 to 2"):
            check_moderate("it", np.array([0.0, value]), 2)
