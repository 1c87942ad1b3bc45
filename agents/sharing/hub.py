"""An agent as a directory with a card, which is kept on a disk or on the Hugging Face Hub.

The directory holds `agent.safetensors`, of which nothing is unpickled, and `README.md`, the card.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import torch

from ram_envs.extras import how_to_install

from ..agent.agent_file import jsonable_config
from ..evaluation.runs import naming
from ..training.reinforce import Reinforce

WEIGHTS, CARD = "agent.safetensors", "README.md"
OF_THIS_MACHINE = ("images", "cache_dir")
"""Arguments of an environment that a card leaves out: paths that others don't have."""


def save_pretrained(agent: Reinforce, directory: str | Path) -> None:
    """Write an agent and its card into a directory, which is made if it is not there.

    Raises:
        ValueError: a weight is not finite; nothing is written.
        OSError: the directory can't be written.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    agent.save(directory / WEIGHTS, resumable=False)
    with naming(directory / CARD) as path:
        path.write_text(card(agent, directory.resolve().name), encoding="utf-8")


def from_pretrained(
    name_or_path: str | Path, *, revision: str | None = None, device: torch.device | str = "cpu"
) -> Reinforce:
    """The agent of a directory that `save_pretrained` wrote, or of a repository on the Hub.

    Args:
        name_or_path: a directory; or, where there is none, a repository's id, such as "someone/ram-cluttered60".
        revision: of the repository: a branch, a tag, or a commit.
        device: where the model is to live.

    Raises:
        FileNotFoundError: the directory holds no agent.
        ValueError: the file is damaged, or no agent of ours.
        ModuleNotFoundError: it is no directory, and huggingface_hub is not installed.
    """
    directory = Path(name_or_path)
    if directory.is_dir():
        path = directory / WEIGHTS
        if not path.is_file():
            raise FileNotFoundError(f"{directory} holds no {WEIGHTS}; name a directory that save_pretrained wrote")
    else:
        path = Path(_hub().hf_hub_download(str(name_or_path), WEIGHTS, revision=revision))
    return Reinforce.load(path, device=device)


def push_to_hub(agent: Reinforce, repo_id: str, *, private: bool = False, message: str = "Add an agent") -> str:
    """Upload an agent and its card to the Hugging Face Hub, with the token that `hf auth login` keeps.

    Args:
        agent: to be uploaded.
        repo_id: of the repository, which is made if it is not there, such as "someone/ram-cluttered60".
        private: whether a new repository is.
        message: of the commit.

    Returns:
        The address of the repository.

    Raises:
        ModuleNotFoundError: huggingface_hub is not installed; the message says how to install it.
    """
    api = _hub().HfApi()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / repo_id.rpartition("/")[2]
        save_pretrained(agent, directory)
        address = api.create_repo(repo_id, private=private, exist_ok=True)
        api.upload_folder(repo_id=repo_id, folder_path=directory, commit_message=message)
    return str(address)


def card(agent: Reinforce, name: str) -> str:
    """A model card: metadata as YAML, then what the agent is, and how it is used."""
    config = jsonable_config(agent.config)
    kwargs = {key: value for key, value in config["env_kwargs"].items() if key not in OF_THIS_MACHINE}
    # A string of JSON is one of YAML too.
    metadata = "\n".join(f"{key}: {json.dumps(value)}" for key, value in _metadata(agent, name).items())
    used = f'agent = ram_agents.from_pretrained("{name}")  # or "owner/{name}", from the Hub'
    return f"""---
{metadata}
---

# {name}

RAM, the agent of "Recurrent Models of Visual Attention" (Mnih et al. 2014), trained on `{agent.env_id}`
for {agent.episodes:,} episodes. It sees a scene through a small foveated retina, and decides where to look next.

| | |
|---|---|
| environment | `{agent.env_id}` |
| its arguments | `{json.dumps(kwargs)}` |
| held-out error | {"not measured" if agent.validation_error is None else f"{agent.validation_error:.2f}%"} |
| weights | {sum(parameter.numel() for parameter in agent.policy.parameters()):,} |

```python
import gymnasium as gym
import ram_agents

{used}
envs = gym.make_vec(agent.env_id, num_envs=4, **agent.env_kwargs)
observation, info = envs.reset(seed=0)
action, state = agent.predict(observation, deterministic=True)
```

Hyper-parameters:

```json
{json.dumps({key: value for key, value in config.items() if key != "env_kwargs"}, indent=1)}
```
"""


def _metadata(agent: Reinforce, name: str) -> dict[str, Any]:
    """Of the card, as the Hub knows it."""
    metadata: dict[str, Any] = {
        "library_name": "ram-envs",
        "pipeline_tag": "reinforcement-learning",
        "tags": ["reinforcement-learning", "gymnasium", "active-vision", agent.env_id],
    }
    if agent.validation_error is not None:
        metric = {"type": "error", "name": "held-out error, %", "value": round(agent.validation_error, 4)}
        result = {
            "task": {"type": "reinforcement-learning"},
            "dataset": {"name": agent.env_id, "type": agent.env_id},
            "metrics": [metric],
        }
        metadata["model-index"] = [{"name": name, "results": [result]}]
    return metadata


def _hub() -> Any:
    try:
        import huggingface_hub
    except ModuleNotFoundError as error:
        message = f"the Hub needs huggingface_hub, which is not installed: run {how_to_install('hub')}"
        raise ModuleNotFoundError(message, name="huggingface_hub") from error
    return huggingface_hub
