"""Agents with active vision: RAM, and its training by REINFORCE, after "Recurrent Models of Visual Attention"."""

from .processes.threads import wait_briefly

wait_briefly()  # before torch is imported, below

try:
    import ram_envs  # noqa: F401 (registers the ids, so that `gym.make(agent.env_id)` works)

    from .agent.config import Config
    from .agent.recipes import recipe, recipe_names
    from .evaluation.evaluate import evaluate
    from .evaluation.pretrained import load, pretrained_names
    from .evaluation.runs import Checkpoints
    from .model.policy import RAM
    from .sharing.exports import export
    from .sharing.hub import from_pretrained, push_to_hub, save_pretrained
    from .sharing.trackers import OptunaPruning, WeightsAndBiases
    from .training.callbacks import Callback
    from .training.reinforce import Reinforce
except ModuleNotFoundError as error:
    if (error.name or "").startswith("ram_"):
        raise
    from ram_envs.extras import how_to_install

    message = f"ram_agents needs {error.name}, which is not installed: run {how_to_install('agents')}"
    raise ModuleNotFoundError(message, name=error.name) from error

__all__ = [
    "RAM",
    "Callback",
    "Checkpoints",
    "Config",
    "OptunaPruning",
    "Reinforce",
    "WeightsAndBiases",
    "evaluate",
    "export",
    "from_pretrained",
    "load",
    "pretrained_names",
    "push_to_hub",
    "recipe",
    "recipe_names",
    "save_pretrained",
]
