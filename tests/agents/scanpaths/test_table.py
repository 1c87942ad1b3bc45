"""Tables of fixations: read, written, and refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ram_agents.evaluation.scanpaths import Scanpath, append_fixations, begin_table, read_fixations

HEADER = "x,y,duration,image,subject\n"


def table(folder: Path, text: str) -> Path:
    file = folder / "fixations.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_lines_of_one_image_and_subject_are_a_path(tmp_path: Path) -> None:
    lines = "image, y, x ,subject,duration,pupil\n12,2,1,anna,0.3,5\n12,-4.5,3,anna,.25,5\n"
    lines += "12,6,5,ben,1e-1,\n3,8,7,ben,1,x\n"
    first, second, third = read_fixations(table(tmp_path, "\ufeff" + lines), images=["12", "3"])
    assert (first.image, first.subject) == ("12", "anna")
    np.testing.assert_array_equal(first.fixations, [[1, 2], [3, -4.5]])
    np.testing.assert_array_equal(first.duration, [0.3, 0.25])
    assert [(path.image, path.subject, len(path.fixations)) for path in (second, third)] == [
        ("12", "ben", 1),
        ("3", "ben", 1),
    ]


def test_who_returns_to_an_image_makes_a_second_path(tmp_path: Path) -> None:
    paths = read_fixations(table(tmp_path, HEADER + "1,1,1,a,me\n2,2,1,b,me\n3,3,1,a,me\n"))
    assert [path.image for path in paths] == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has the column x not; its first line must name x,y,duration,image,subject"),
        ("x;y;duration;image;subject\n", "column x not; .* parted by commas, and is 'x;y"),
        ("x,y,duration,image\n1,1,1,a\n", "has the column subject not"),
        ("x,y,duration,image,subject,x\n", "has the column x twice"),
        (HEADER, "has no fixations"),
        (HEADER + "1,1,1,a,me\n1,left,1,a,me\n", "line 3: y is 'left'; it must be a finite number"),
        (HEADER + "nan,1,1,a,me\n", "line 2: x is 'nan'"),
        (HEADER + "1,inf,1,a,me\n", "line 2: y is 'inf'"),
        (HEADER + "1,1,,a,me\n", "line 2: duration is ''"),
        (HEADER + "1,1,0,a,me\n", "line 2: duration is 0.0; it must be above 0"),
        (HEADER + "1,1,1,a\n", "line 2: it has not 5 cells"),
        (HEADER + "1,5,1,1,a,me\n", "line 2: it has not 5 cells"),
        (HEADER + "1,1,1,c,me\n", "line 2: image 'c' is none of the 2 known ones, such as 'a', 'b'"),
        (HEADER + '1,1,1,"' + "a" * 200_000 + '",me\n', "no table of comma-separated values: field larger"),
        (HEADER + "1,1,1,a,me\n" * 4, "more than 3 fixations: split it, or raise max_rows"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_fixations(table(tmp_path, text), images=["a", "b"], max_rows=3)


def test_a_huge_file_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    file = table(tmp_path, HEADER + "1,1,1,a,me\n" * 5)
    with file.open("ab") as more:
        more.truncate(2**33)  # sparse: one line of zeros
    with pytest.raises(ValueError, match=r"line \d+: it has not 5 cells|no table of comma"):
        read_fixations(file)
    with pytest.raises(ValueError, match="more than 4 fixations"):
        read_fixations(file, max_rows=4)


def test_bytes_are_no_table(tmp_path: Path) -> None:
    (tmp_path / "photograph.csv").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(ValueError, match="no text in UTF-8"):
        read_fixations(tmp_path / "photograph.csv")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    begin_table(file)
    one = Scanpath(np.array([[1.25, 2], [3, 4.125]]), np.array([0.5, 1.0]), "7", 'Anna "A", the first')
    other = Scanpath(np.array([[0.0, -1]]), np.array([2.0]), "8", "ben")
    append_fixations(file, [one])
    begin_table(file)  # of the next game
    append_fixations(file, [other])
    assert file.read_text().startswith(HEADER)
    for found, wanted in zip(read_fixations(file), [one, other], strict=True):
        np.testing.assert_array_equal(found.fixations, wanted.fixations)
        np.testing.assert_array_equal(found.duration, wanted.duration)
        assert found[2:] == wanted[2:]


def test_nothing_is_added_to_another_file(tmp_path: Path) -> None:
    file = table(tmp_path, "dear diary\n")
    with pytest.raises(ValueError, match="begins with 'dear diary', not with x,y,duration,image,subject"):
        begin_table(file)
    assert file.read_text() == "dear diary\n"
