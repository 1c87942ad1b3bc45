"""Agents as directories with a card, and their way to the Hub and back, which is mocked."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import ram_agents
from documents import Block, run_block
from ram_agents.sharing import hub


def metadata(text: str) -> dict[str, object]:
    (block,) = re.findall(r"\A---\n(.*?)^---$", text, re.DOTALL | re.MULTILINE)
    return {key: json.loads(value) for key, value in re.findall(r"^([\w-]+): (.*)$", block, re.MULTILINE)}


def test_a_directory_gives_the_agent_back(tmp_path: Path) -> None:
    agent = ram_agents.load("mnist28")
    ram_agents.save_pretrained(agent, tmp_path / "deep" / "mine")
    assert sorted(path.name for path in (tmp_path / "deep" / "mine").iterdir()) == ["README.md", "agent.safetensors"]
    again = ram_agents.from_pretrained(tmp_path / "deep" / "mine")
    seen = {"glimpse": np.full((1, 8, 8), 0.5, np.float32), "location": np.zeros(2, np.float32)}
    one, other = (each.predict(seen, deterministic=True) for each in (agent, again))
    np.testing.assert_array_equal(one[1], other[1])
    assert again.env_kwargs == agent.env_kwargs


def test_the_card_tells_what_the_agent_is_and_its_code_runs(tmp_path: Path) -> None:
    agent = ram_agents.load("mnist28")
    agent.validation_error = 1.25
    agent.config = agent.config.replace(env_kwargs=agent.env_kwargs | {"cache_dir": "/home/me/cache"})
    text = hub.card(agent, "mine")
    found = metadata(text)
    assert found["library_name"] == "ram-envs"
    (entry,) = found["model-index"]  # type: ignore[misc]
    assert entry["results"][0]["metrics"][0]["value"] == 1.25
    assert "| held-out error | 1.25% |" in text
    assert "/home/me" not in text
    ram_agents.save_pretrained(ram_agents.load("mnist28"), tmp_path / "mine")
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    run_block(Block(tmp_path / "README.md", 1, code), tmp_path)


def test_an_agent_without_a_measured_error_has_no_results() -> None:
    agent = ram_agents.load("mnist28")
    agent.validation_error = None
    text = hub.card(agent, "mine")
    assert "model-index" not in metadata(text)
    assert "| held-out error | not measured |" in text


def test_upload_and_download(tmp_path: Path, monkeypatch) -> None:
    library = pytest.importorskip("huggingface_hub")
    kept = tmp_path / "kept"
    api = mock.create_autospec(library.HfApi, instance=True)
    api.create_repo.return_value = "https://hub.example/someone/mine"
    api.upload_folder.side_effect = lambda *, folder_path, **options: Path(folder_path).rename(kept)
    download = mock.create_autospec(library.hf_hub_download, side_effect=lambda repo, name, **options: str(kept / name))
    fake = mock.Mock(HfApi=lambda: api, hf_hub_download=download)
    monkeypatch.setattr(hub, "_hub", lambda: fake)
    agent = ram_agents.load("mnist28")
    assert ram_agents.push_to_hub(agent, "someone/mine", private=True) == "https://hub.example/someone/mine"
    api.create_repo.assert_called_once_with("someone/mine", private=True, exist_ok=True)
    assert "# mine\n" in (kept / "README.md").read_text()
    again = ram_agents.from_pretrained("someone/mine", revision="v1")
    download.assert_called_once_with("someone/mine", "agent.safetensors", revision="v1")
    assert again.env_id == agent.env_id


def test_mistakes_are_told(tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no agent.safetensors; name a directory"):
        ram_agents.from_pretrained(tmp_path)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install '.\[hub\]'"):
        ram_agents.from_pretrained("someone/mine")
