"""Files from strangers: every fault is one line that names the file and the field, and nothing large is decoded."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from ram_agents.scoreboard import reading
from ram_agents.scoreboard.reading import read
from submissions import bits, good, write


def refused(path: Path) -> str:
    with pytest.raises(ValueError) as caught:
        read(path)
    words = str(caught.value)
    assert words.startswith(f"{path}: ") or words.startswith(f"{path} has")
    assert "\n" not in words
    assert len(words) < 1000 + len(str(path))
    return words.removeprefix(f"{path}: ")


def test_a_good_file_is_read(tmp_path) -> None:
    found = read(write(tmp_path / "a.json"))
    assert found.submission.who == "Ada"
    np.testing.assert_array_equal(found.submission.errors, [0, 25, 50])
    assert found.stated_errors == [0, 25, 50]
    assert found.stated == (25, 0, 50)


WRONG = {
    "who": ["", "  ", 3, None, "a\nb", "x" * 101, ["Ada"]],
    "algorithm": ["", {}],
    "code": [
        "example.org",
        "http://example.org",
        "javascript:alert(1)",
        "https://a b",
        "https://a|b",
        "https://user:word@example.org",
        "https://x)![i](https://evil.example/p.png)",
        "https://x/`",
        "https://x/<b>",
    ],
    "commit": ["0123ab", "0123abg", "0" * 41, "HEAD", 1234567],
    "env_id": ["CartPole-v1", "os:ram_envs/Catch-v0", "ram_envs/../Catch-v0", 3, "ram_envs/Catch"],
    "env_kwargs": [[], None, "{}"],
    "seeds": [[0, 1], 3, [0, 1, True], [0, 1, -1], [0, 1, 0.5], [0, 1, 2**32], list(range(101))],
    "steps": [[1, 2], [1, 2, -1], [1, 2, "3"], [1, 2, 10**16], [1, 2, 10**400], 3],
    "episodes": [[1, 2, 3, 4], [1, 2, None]],
    "scenes": [0, -8, 8.0, True, "8", 10**7, 10**400, None],
    "success": [[], "////", ["/w==", "/A==", 8], bits("11111111", "11111100")],
    "errors": [[0, 25], [0, 25, 101], [0, 25, -1], [0, 25, float("nan")], [0, 25, float("inf")], [0, 25, True]],
    "interquartile_mean": [float("nan"), -1, 100.5, "25", None, [25], 10**30],
    "interval": [[0], [0, 25, 50], [0, float("-inf")], 25],
    "note": ["", 3, "x" * 2001],
    "machine": [["a"], {"a": 3}, {"a": "b\nc"}, {"a" * 41: "b"}, {str(i): "x" for i in range(31)}],
    "budget": [3, {}, {"steps": 1}, {"steps": 0, "core_minutes": 1}, {"steps": 1, "core_minutes": float("nan")}],
    "core_minutes": [[1, 2], [1, 2, float("nan")], [1, 2, -0.5]],
    "curves": [
        [[], []],
        [[], [], [[1, 2]]],
        [[], [], [[1, 2, float("inf")]]],
        [[], [], 3],
        [[], [], [[1, 2, 101]]],
        [[], [], [[10**15, 2, 50]]],  # beyond its end
        [[], [], [[9, 2, 50], [9, 3, 40]]],  # stands still
        [[], [], [[9, 2, 50], [10, 1, 40]]],  # goes back
    ],
    "weights": [["", ""], [None, None, 3], [None, None, "~~~~"], [None, None, "abc"]],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_what_can_not_be_is_refused_by_its_name(name: str, value: object, tmp_path) -> None:
    assert name in refused(write(tmp_path / "a.json", **{name: value}))


@pytest.mark.parametrize("name", good())
def test_what_lacks_is_named(name: str, tmp_path) -> None:
    held = good()
    del held[name]
    (tmp_path / "a.json").write_text(json.dumps(held))
    assert refused(tmp_path / "a.json").startswith(f"it lacks {name};")


def test_what_no_submission_has_is_named(tmp_path) -> None:
    assert 'it has "prize"' in refused(write(tmp_path / "a.json", prize=1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": "/etc/passwd"}, 'env_kwargs has "images"; a submission\'s may be'),
        ({"split": "train"}, 'env_kwargs has "split"'),
        ({"canvas_size": 10**6}, "env_kwargs.canvas_size is 1000000; it must be a whole number from 1 to 1,000"),
        ({"canvas_size": [60, 10**6]}, r"env_kwargs.canvas_size\[1\] is 1000000"),
        ({"num_glimpses": 2.5}, "env_kwargs.num_glimpses is 2.5"),
        ({"can_stop": 1}, "env_kwargs.can_stop is 1; it must be true or false"),
    ],
)
def test_arguments_take_no_memory_and_name_no_files(arguments, message, tmp_path) -> None:
    path = write(tmp_path / "a.json", env_kwargs=arguments)
    with pytest.raises(ValueError, match=message):
        read(path)


def test_a_whole_number_of_many_digits_is_told_by_its_field(tmp_path) -> None:
    text = json.dumps(good()).replace('"scenes": 8', f'"scenes": {"9" * 5000}')
    (tmp_path / "a.json").write_text(text)
    assert "scenes is a whole number of 5,000 digits; it must be a whole number from 1 to" in refused(
        tmp_path / "a.json"
    )


def test_a_field_that_is_there_twice_is_refused(tmp_path) -> None:
    text = json.dumps(good())
    (tmp_path / "a.json").write_text(text[:-1] + ', "commit": "fedcba9"}')
    assert refused(tmp_path / "a.json") == "commit is there twice; keep one"
    (tmp_path / "b.json").write_text(text.replace('"env_kwargs": {}', '"env_kwargs": {"width": 3, "width": 4}'))
    assert refused(tmp_path / "b.json") == "env_kwargs.width is there twice; keep one"


def test_seeds_that_are_alike_are_refused(tmp_path) -> None:
    assert refused(write(tmp_path / "a.json", seeds=[0, 1, 0])) == "seeds are [0, 1, 0]; no two may be alike"


def test_successes_that_are_cut_short_are_refused_by_their_seed(tmp_path) -> None:
    cut = [*bits("11111111", "11111100"), "8A"]
    assert refused(write(tmp_path / "a.json", success=cut)).startswith(
        "success[2] has 2 characters, and 8 scenes need 4"
    )
    long = bits("1" * 16, "1" * 8, "1" * 8)
    assert refused(write(tmp_path / "b.json", success=long)).startswith("success[0] holds 2 bytes")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is no JSON"),
        (b'{"format": "ram-scoreboard-1", "who": "A', "is it cut short?"),
        (b"\xff\xfe\x00", "it is no text in UTF-8"),
        (b"[1, 2]", "it is no JSON object"),
        (b"[" * 150_000, "it is nested too deeply"),
        (b"[" + b"{}," * 150_000 + b"{}]", "it holds more than 200,000 values"),
        (json.dumps(good(format="ram-scoreboard-9")).encode(), 'format is "ram-scoreboard-9"; it must be'),
    ],
)
def test_what_is_no_submission_at_all(content: bytes, message: str, tmp_path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    assert message in refused(tmp_path / "a.json")


def test_curves_go_as_far_as_their_runs(tmp_path) -> None:
    curve = [[0, 0, 90], [36, 0.5, 60], [72, 1.0004, 50]]
    path = write(tmp_path / "a.json", curves=[[], [], curve], core_minutes=[1, 1, 1])
    assert read(path).submission.curves[2] == [tuple(point) for point in curve]
    further = write(tmp_path / "b.json", curves=[[], [], curve], core_minutes=[1, 1, 0.9])
    assert refused(further).startswith("curves[2] ends at (72, 1.0004) steps and core-minutes, the run")


def test_a_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read(tmp_path / "a.json")


def test_sizes_are_looked_at_before_anything_is_decoded(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 5_000_000)
    (tmp_path / "large.json").write_bytes(b" " * 5_000_001)
    assert "has 5,000,001 bytes; a submission has at most 5,000,000" in refused(tmp_path / "large.json")
    weights = [None, None, "A" * 4_000_000]
    monkeypatch.setitem(reading.OPTIONAL_PER_SEED, "weights", reading.base64_or_none(1_000))
    path = write(tmp_path / "weights.json", weights=weights)
    tracemalloc.start()
    assert refused(path) == "weights[2] has 4,000,000 characters, more than 1,000 bytes take in base64"
    assert tracemalloc.get_traced_memory()[1] < 4 * 4_000_000  # the file, its text, and its value
    tracemalloc.stop()
