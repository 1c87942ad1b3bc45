"""The ablation from the paper's recipe to ours: each step changes what it names and keeps what came before."""

from __future__ import annotations

import json
import runpy
from itertools import pairwise

from places import DOCS
from ram_agents import Config, recipe

ABLATION = runpy.run_path(str(DOCS / "ablation.py"))


def test_steps_by_hand() -> None:
    first = Config(env_kwargs={"initial_location": "random", "num_glimpses": 8}, total_episodes=5)
    last = Config(
        env_kwargs={"initial_location": "center", "max_bend": 1.0, "num_glimpses": 8},
        step_weight=1.0,
        momentum=0.5,
        total_episodes=7,
    )
    steps = ABLATION["steps"](first, last)
    assert [(step.name, step.changed) for step in steps] == [
        ("the paper's recipe", {}),
        ("first look at the centre", {"initial_location": "center"}),
        ("cross-entropy after every glimpse", {"step_weight": 1.0}),
        ("digits distorted", {"max_bend": 1.0}),
        ("all else", {"momentum": 0.5}),
    ]
    assert steps[2].config == first.replace(
        env_kwargs={"initial_location": "center", "num_glimpses": 8}, step_weight=1.0
    )
    assert steps[-1].config.replace(total_episodes=7) == last


def test_what_our_recipe_leaves_out_is_taken_away() -> None:
    first = Config(env_kwargs={"max_bend": 2.0})
    assert ABLATION["steps"](first, Config())[-1].config == Config()


def test_the_ablation_goes_from_the_papers_recipe_to_ours_at_a_tenth_of_its_episodes() -> None:
    ours, runs = recipe("cluttered60"), ABLATION["ablation"](3)
    assert {(run.config.total_episodes, run.config.seed) for run in runs} == {(ours.total_episodes // 10, 3)}
    flat = ABLATION["flat"]
    assert flat(runs[0].config) == flat(recipe("paper-60"))
    assert flat(runs[-1].config) == flat(ours)
    assert len({ABLATION["directory"](DOCS, run) for run in runs}) == len(runs) > 8
    for before, after in pairwise(runs):
        old, new = flat(before.config), flat(after.config)
        assert {name for name in old | new if old.get(name) != new.get(name)} == set(after.changed)


def test_the_results_have_a_row_for_each_step_of_the_recipes_as_they_are() -> None:
    """Rows that were not measured anew are kept: so a recipe that changes must not leave them behind."""
    told = [(row["recipe"], row["options"]) for row in ABLATION["rows"]("ablation")]
    assert told == [tuple(ABLATION["told"](step)) for step in ABLATION["ablation"](0)]


def test_the_table_has_the_runs_that_are_at_their_end(tmp_path) -> None:
    first, second, third, *_ = ABLATION["ablation"](0)
    for step, episodes in ((first, 600_000), (second, 599_000), (third, 600_010)):
        where = ABLATION["directory"](tmp_path, step)
        where.mkdir(parents=True)
        share = episodes / 600_000 * first.config.total_episodes
        line = {"episodes": int(share), "validation_error": 5.0, "seconds": 90.0}
        (where / "progress.jsonl").write_text(json.dumps(line) + "\n")
    # Wilson of 250 of 5,000: (0.05 + 0.000384 -+ 1.96 * sqrt(0.05 * 0.95 / 5000 + 3.84e-8)) / 1.000768
    assert ABLATION["measured"](tmp_path, 0) == [
        "| the paper's recipe |  | 5.00 | 4.43 to 5.64 | 1.5 |",
        f"| + {third.name} | `initial_location` center | 5.00 | 4.43 to 5.64 | 1.5 |",
    ]
