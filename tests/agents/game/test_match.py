from types import SimpleNamespace

import pytest
from ram_agents.game import match as module
from ram_agents.game.cards import CARDS
from ram_agents.game.match import Match, MatchOptions


def test_numbers_are_different_and_the_seed_repeats_them():
    first, second = (Match(MatchOptions(seed=3), ()) for _ in range(2))
    numbers, seed = first.draw(5, 5)
    assert sorted(numbers) == [0, 1, 2, 3, 4]
    assert second.draw(5, 5) == (numbers, seed)
    assert first.draw(20, 10_000) != first.draw(20, 10_000)
    assert Match(MatchOptions(), ()).draw(5, 10**6) != Match(MatchOptions(), ()).draw(5, 10**6)


def test_a_game_has_no_more_rounds_than_there_are_scenes():
    assert sorted(Match(MatchOptions(), ()).draw(20, 3)[0]) == [0, 1, 2]
    assert len(Match(MatchOptions(), ()).draw(20, float("inf"))[0]) == 20


def test_each_place_is_found_once_when_it_is_needed(monkeypatch):
    found = []
    monkeypatch.setattr(
        module, "find_place", lambda name, *, allow_unsigned: found.append((name, allow_unsigned)) or object()
    )
    match = Match(MatchOptions(catch="one", digits="other", allow_unsigned=True), CARDS)
    assert not found
    places = [match.place(card) for card in CARDS[:4]]
    assert match.place(CARDS[2]) is places[2]
    assert places[0] is places[1]  # the same rival plays both games of Catch
    assert found == [("one", True), ("other", True), (CARDS[3].where, True)]


def test_a_match_in_a_place_of_ones_own_plays_and_records_there_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "find_place", lambda name, *, allow_unsigned: name)
    options = MatchOptions(record=tmp_path / "games.csv")
    own = SimpleNamespace(env_id=CARDS[3].env_ids[0], kind="naming")
    match = Match(options, CARDS, own)
    assert match.place(CARDS[3]) is own
    assert match.place(CARDS[4]) == CARDS[4].where
    assert match.records(own)
    assert not match.records(match.place(CARDS[2]))
    without = Match(options, CARDS)
    assert without.records(without.place(CARDS[2]))
    assert not without.records(without.place(CARDS[3]))
    assert not Match(MatchOptions(), CARDS, own).records(own)


def test_a_record_of_catch_is_refused_before_a_file_is_made(tmp_path):
    own = SimpleNamespace(env_id="", kind="catch")
    with pytest.raises(ValueError, match="in Catch nobody sees where you look"):
        Match(MatchOptions(record=tmp_path / "games.csv"), CARDS, own)
    assert not list(tmp_path.iterdir())
