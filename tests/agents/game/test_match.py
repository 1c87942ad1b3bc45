from types import SimpleNamespace

from ram_agents.game import match as module
from ram_agents.game.match import Match, MatchOptions


def test_numbers_are_different_and_the_seed_repeats_them():
    first, second = (Match(MatchOptions(seed=3), ()) for _ in range(2))
    numbers, seed = first.draw(5, 5)
    assert sorted(numbers) == [0, 1, 2, 3, 4]
    assert second.draw(5, 5) == (numbers, seed)
    assert first.draw(20, 10_000) != first.draw(20, 10_000)
    assert Match(MatchOptions(), ()).draw(5, 10**6) != Match(MatchOptions(), ()).draw(5, 10**6)


def test_each_rival_is_loaded_once_when_it_is_needed_and_names_what_it_reads(monkeypatch, capsys):
    loaded = []
    agents = {"one": SimpleNamespace(env_kwargs={}), "other": SimpleNamespace(env_kwargs={"images": "pictures"})}
    monkeypatch.setattr(module, "load", lambda name, *, allow_unsigned: loaded.append(name) or agents[name])
    match = Match(MatchOptions(catch="one", digits="other"), ())
    assert not loaded
    assert match.digit_agent is match.digit_agent is agents["other"]
    assert match.catch_agent is agents["one"]
    assert loaded == ["other", "one"]
    assert capsys.readouterr().err == "reads images from pictures as other says\n"
