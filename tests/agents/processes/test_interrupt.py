"""Signals that end a run wait for the update to end; those that were ignored stay ignored."""

from __future__ import annotations

import signal
import threading

import pytest
from ram_agents import Reinforce
from ram_agents.processes.interrupt import SIGNALS, Interruptible
from toy_env import PeekVectorEnv

SMALL = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8}


@pytest.fixture(autouse=True)
def _handlers_as_before():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_is_noted_and_the_second_does_what_it_did(number) -> None:
    calls: list[int] = []
    signal.signal(number, lambda number, frame: calls.append(number))
    with Interruptible() as keyboard:
        signal.raise_signal(number)
        assert keyboard.interrupted
        assert not calls
        signal.raise_signal(number)
        assert calls == [number]
    signal.raise_signal(number)
    assert calls == [number, number]


@pytest.mark.parametrize("number", SIGNALS)
def test_what_was_ignored_stays_ignored(number) -> None:
    signal.signal(number, signal.SIG_IGN)
    with Interruptible() as keyboard:
        signal.raise_signal(number)
        assert not keyboard.interrupted
    assert signal.getsignal(number) is signal.SIG_IGN


def test_in_another_thread_nothing_is_touched() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    inside: list[object] = []

    def run() -> None:
        with Interruptible():
            inside.extend(signal.getsignal(number) for number in SIGNALS)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert inside == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_training_ends_after_the_update_and_the_callbacks_save(number, tmp_path) -> None:
    signal.signal(number, signal.default_int_handler)
    agent = Reinforce(PeekVectorEnv(4), total_episodes=400, **SMALL)

    def interrupt(agent: Reinforce, metrics: object) -> None:
        if agent.updates == 3:
            signal.raise_signal(number)

    with pytest.raises(KeyboardInterrupt):
        agent.learn(callback=interrupt)
    assert agent.updates == 3
    agent.save(tmp_path / "a")
    assert Reinforce.load(tmp_path / "a", PeekVectorEnv(4)).learn(24, resume=True).updates == 6
