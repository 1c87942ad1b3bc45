"""Groups of paths beside each other."""

from __future__ import annotations

import numpy as np
import pytest
from ram_agents.evaluation.scanpaths import Scanpath, compare, multimatch

SCREEN = (60.0, 80.0)


def path(image: str, subject: str, x: float, n: int = 3) -> Scanpath:
    """Upwards at x, from whose distances only positions differ."""
    return Scanpath(np.array([[x, 5.0 * i] for i in range(n)]), np.ones(n), image, subject)


def test_pairs_are_averaged_by_image_then_over_images() -> None:
    found = compare(
        [path("a", "anna", 0), path("b", "anna", 0), path("c", "anna", 0)],
        [path("a", "ben", 10), path("a", "cleo", 30), path("b", "ben", 40), path("d", "ben", 0)],
        screen=SCREEN,
    )
    # a: (0.9 + 0.7) / 2, b: 0.6; crossed: a with b 0.6, b with a 0.8.
    assert found.same.position == pytest.approx(0.7)
    assert found.different is not None
    assert found.different.position == pytest.approx(0.7)
    assert (found.images, found.pairs, found.left_out) == (2, 3, 0)
    assert found.same.direction == found.same.vector == 1


def test_a_group_among_itself_counts_each_pair_once_and_nobody_with_himself() -> None:
    paths = [path("a", "anna", 0), path("a", "anna", 1), path("a", "ben", 10), path("b", "anna", 0)]
    found = compare(paths, screen=SCREEN)
    assert (found.images, found.pairs) == (1, 2)
    assert found.same.position == pytest.approx((0.9 + 0.91) / 2)
    assert found.different is None, "there is one image, so none to cross it with"


def test_who_looks_at_what_is_there_is_more_alike_on_the_same_image() -> None:
    generator = np.random.default_rng(0)
    places = {str(image): generator.uniform(0, 60, (5, 2)) for image in range(20)}

    def subject(name: str) -> list[Scanpath]:
        return [
            Scanpath(seen + generator.normal(0, 2, (5, 2)), np.ones(5), image, name) for image, seen in places.items()
        ]

    found = compare(subject("anna"), subject("ben"), screen=(60, 60))
    assert found.different is not None
    assert found.same.position > found.different.position + 0.1


def test_short_paths_are_left_out_and_counted() -> None:
    paths = [path("a", "anna", 0), path("a", "ben", 0), path("a", "cleo", 0, n=2)]
    assert compare(paths, screen=SCREEN).left_out == 1
    assert compare(paths, paths, screen=SCREEN).left_out == 2


@pytest.mark.parametrize(
    "others", [None, [path("b", "ben", 0)], [path("a", "anna", 0)], [path("a", "ben", 0, n=2)], []]
)
def test_without_a_pair_there_is_nothing_to_compare(others: list[Scanpath] | None) -> None:
    with pytest.raises(ValueError, match="no image has paths of two subjects"):
        compare([path("a", "anna", 0)], others, screen=SCREEN)


def test_a_pair_is_compared_by_multimatch() -> None:
    generator = np.random.default_rng(3)
    one, other = (Scanpath(generator.uniform(0, 50, (6, 2)), np.ones(6), "a", name) for name in ("anna", "ben"))
    assert compare([one, other], screen=SCREEN).same == multimatch(one, other, screen=SCREEN)
