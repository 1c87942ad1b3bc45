"""The RL Baselines3 Zoo trains RAM by the command of docs/stable-baselines3.md. Needs rl-zoo3: see there."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

pytest.importorskip("rl_zoo3", reason="the zoo is tested in a virtual environment of its own")

from places import DOCS, ROOT
from processes import run
from ram_agents.sb3 import RAMPolicy, make_vec_env, success_rate
from sb3_contrib import RecurrentPPO

SHORT = ["--n-timesteps=20000", "--eval-freq=10000", "--eval-episodes=10", "--n-eval-envs=5", "--seed=0"]


def test_the_documented_command_trains_ram_on_catch(tmp_path: Path) -> None:
    text = (DOCS / "stable-baselines3.md").read_text()
    (documented,) = re.findall(r"^python (-m rl_zoo3\.train .*?[^\\])$", text, flags=re.MULTILINE | re.DOTALL)
    words = shlex.split(documented.replace("\\\n", " "))
    command = [sys.executable, *words, *SHORT, f"--log-folder={tmp_path}"]
    done = run(*command, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "success_rate" in done.stdout
    (saved,) = tmp_path.glob("ppo_lstm/*/ram_envs-Catch-v0.zip")
    env = make_vec_env("ram_envs/Catch-v0", n_envs=50, seed=0, env_kwargs={"pooling": "max"})
    model = RecurrentPPO.load(saved, env=env)
    assert isinstance(model.policy, RAMPolicy)
    assert model.policy.ram.f_h.core == "lstm"
    assert 0 < success_rate(model, env, 200) < 1
