"""Threads that wait for others sleep soon, unless the user says otherwise."""

import os
import re
import subprocess
import sys

import pytest


def spins(code: str = "import ram_agents", **variables: str) -> str:
    """What GNU's OpenMP says that it was told, when it is loaded with torch."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    environment = inherited | {"OMP_DISPLAY_ENV": "VERBOSE"} | variables
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    found = re.search(r"GOMP_SPINCOUNT = '(\d+)'", done.stderr)
    if found is None:
        pytest.skip("this torch has no GNU OpenMP")
    return found[1]


def test_threads_sleep_soon():
    assert spins() == "1000"


def test_the_users_own_number_stays():
    assert spins(GOMP_SPINCOUNT="77") == "77"


@pytest.mark.parametrize("policy", ["active", "passive"])
def test_the_users_own_policy_stays(policy):
    assert spins(OMP_WAIT_POLICY=policy) == spins("import torch", OMP_WAIT_POLICY=policy)


def test_a_command_has_it_too():
    assert spins("from ram_agents.cli import main; main(['train', '--help'])") == "1000"
