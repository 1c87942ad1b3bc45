"""RLlib (new API stack): RAM as an RLModule for PPO, over native vector environments, and weights both ways.

    from ram_agents.rllib import ppo_config

    config = ppo_config("ram_envs/GlimpseMNIST-v0", label=True, max_seq_len=6)
    algorithm = config.env_runners(num_env_runners=2, num_envs_per_env_runner=64).build_algo()

See docs/rllib.md.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from ram_envs.extras import how_to_install

try:
    import ray.rllib  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError(
        f"ram_agents.rllib needs Ray's RLlib: run {how_to_install('rllib')}, and in a virtual environment of its own, "
        "because Ray pins an older Gymnasium"
    ) from error

from gymnasium import VectorizeMode
from ray.rllib.algorithms import Algorithm
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core import COMPONENT_LEARNER, COMPONENT_LEARNER_GROUP, COMPONENT_RL_MODULE, DEFAULT_MODULE_ID
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.rllib.utils.numpy import convert_to_numpy
from ray.rllib.utils.torch_utils import convert_to_torch_tensor
from ray.tune.registry import register_env

from ..agent.config import Config
from ..agent.envs import Spaces, check_canvas
from ..training.reinforce import Reinforce
from .distribution import GlimpseDistribution, GreedyGlimpseDistribution
from .env import ENV, check_autoreset, make_env
from .episodes import Reward, WholeEpisodes
from .module import HybridPPOTorchLearner, RAMModule, label_cross_entropy
from .runner import EpisodesRunner

__all__ = [
    "EpisodesRunner",
    "GlimpseDistribution",
    "GreedyGlimpseDistribution",
    "HybridPPOTorchLearner",
    "RAMModule",
    "WholeEpisodes",
    "check_autoreset",
    "label_cross_entropy",
    "load_agent",
    "make_env",
    "ppo_config",
    "to_agent",
]


def ppo_config(
    env_id: str,
    *,
    label: bool = False,
    env_kwargs: dict[str, Any] | None = None,
    max_seq_len: int = 24,
    label_weight: float | None = None,
    step_weight: float = 0.5,
    baseline_probability: bool = False,
    reward: Reward = "0/1",
    optimizer: Literal["adam", "muon"] = "adam",
    matrix_learning_rate: float = 10.0,
    adam_eps: float = 1e-8,
    **ram: Any,
) -> PPOConfig:
    """PPO with RAM on one of the environments: a `PPOConfig` to set everything else on, as ever.

    Args:
        env_id: such as "ram_envs/Catch-v0".
        label: show the label to the learner, for the hybrid loss.
        env_kwargs: the environment's arguments.
        max_seq_len: steps of backpropagation. Whole episodes of up to so many steps become one batch without padding;
            else RLlib pads and cuts them, each with a step of its own at the end: T + 1 holds one of T steps.
        label_weight: weight of the cross-entropy of answers; 0 ignores the labels. None: 1 where there are labels.
        step_weight: weight of the mean cross-entropy of the guesses before the answer, relative to the answer's.
        baseline_probability: b_t is the probability of success, and is trained by cross-entropy's gradient in place of
            squared error's. For returns in [0, 1], where it learns far faster from rare success.
        reward: "0/1", the environment's own, or "information-gain": what trains where to look is how far each glimpse
            lets -log p(label) fall. The latter needs labels and whole episodes, and a `gamma` of 0.8 suits it.
        optimizer: "adam", or "muon": orthogonal steps with the matrices between hidden layers, AdamW's with the rest.
            It needs half the episodes; batches of 256 episodes or more are worth its arithmetic.
        matrix_learning_rate: that of "muon" for the matrices, relative to `lr`, and on the same schedule.
        adam_eps: what Adam adds to its running root mean square. Gradients far below it move a weight less: 1e-5, which
            is Stable-Baselines3's, keeps the noise of nearly empty glimpses small.
        ram: `RAM`'s own arguments: core, hidden_size, location_std and so on.

    Raises:
        ValueError: an autoreset mode that is not RLlib's, a label's weight or a reward of labels without labels, or a
            reward or an optimiser that does not exist.
        TypeError: labels of an environment that has none.
    """
    if reward not in get_args(Reward):
        raise ValueError(f"reward must be one of {', '.join(get_args(Reward))}, not {reward!r}")
    if reward != "0/1" and not label:
        raise ValueError(f"reward={reward!r} is made of labels: use label=True")
    if optimizer not in ("adam", "muon"):
        raise ValueError(f"optimizer must be 'adam' or 'muon', not {optimizer!r}")
    env_config = {"env_id": env_id, "env_kwargs": env_kwargs or {}, "label": label}
    model_config = {
        "ram": ram,
        "max_seq_len": max_seq_len,
        "label_weight": label_weight,
        "step_weight": step_weight,
        "baseline_probability": baseline_probability,
        "reward": reward,
        "optimizer": optimizer,
        "matrix_learning_rate": matrix_learning_rate,
        "adam_eps": adam_eps,
    }
    spaces = _try_out(env_config, model_config)
    register_env(ENV, make_env)  # Anew, as Ray forgets what was registered when it shuts down.
    return (
        PPOConfig()
        .environment(
            ENV,
            env_config=env_config,
            observation_space=spaces.observation,
            action_space=spaces.action,
            # Log-probabilities are those of the raw location; the environment gets it clipped to the image.
            clip_actions=True,
            normalize_actions=False,
        )
        .env_runners(env_runner_cls=EpisodesRunner, gym_env_vectorize_mode=VectorizeMode.VECTOR_ENTRY_POINT)
        .rl_module(rl_module_spec=RLModuleSpec(module_class=RAMModule, model_config=model_config))
        .learners(learner_class=HybridPPOTorchLearner)
        .callbacks(on_environment_created=check_autoreset)
        .fault_tolerance(restart_failed_env_runners=True)
    )


def to_agent(algorithm: Algorithm) -> Reinforce:
    """The built-in agent with an algorithm's weights: to evaluate, watch, save or train.

    Raises:
        ValueError: the algorithm's module is not a `RAMModule`.
    """
    module = _module(algorithm)
    env_config = algorithm.config.env_config
    config = Config(
        env_id=env_config["env_id"],
        env_kwargs=env_config["env_kwargs"],
        hybrid=module.hybrid,
        baseline_probability=module.baseline_probability,
        **vars(module.ram.config),
    )
    agent = Reinforce(Spaces(module.observation_space, module.action_space), config)
    state = algorithm.learner_group.get_state(components=f"{COMPONENT_LEARNER}/{COMPONENT_RL_MODULE}")
    weights = state[COMPONENT_LEARNER][COMPONENT_RL_MODULE][DEFAULT_MODULE_ID]
    agent.policy.load_state_dict(
        {name.removeprefix("ram."): tensor for name, tensor in convert_to_torch_tensor(weights).items()}
    )
    agent.hybrid = module.hybrid
    return agent


def load_agent(algorithm: Algorithm, agent: Reinforce) -> None:
    """Go on from a built-in agent's weights, such as `ram_agents.load("mnist28")`, in learners and env runners.

    Build the algorithm with the agent's network: `ppo_config(agent.env_id, ..., **vars(agent.policy.config))`.

    Raises:
        ValueError: the algorithm's network is not the agent's; or the agent is a control that does not look where its
            network says.
    """
    module = _module(algorithm)
    if agent.config.look != "learned":
        raise ValueError(f"the agent was trained with look={agent.config.look!r}: its location network learned nothing")
    theirs = agent.spaces.sizes() | vars(agent.policy.config)
    ours = Spaces(module.observation_space, module.action_space).sizes() | vars(module.ram.config)
    if different := {name: (ours[name], theirs[name]) for name in ours if ours[name] != theirs[name]}:
        raise ValueError(
            f"the algorithm's network is not the agent's (theirs, then the agent's): {different}; build it with "
            "ppo_config(agent.env_id, env_kwargs=agent.env_kwargs, **vars(agent.policy.config))"
        )
    weights = {f"ram.{name}": tensor for name, tensor in convert_to_numpy(agent.policy.state_dict()).items()}
    modules = {COMPONENT_RL_MODULE: {DEFAULT_MODULE_ID: weights}}
    algorithm.set_state({COMPONENT_LEARNER_GROUP: {COMPONENT_LEARNER: modules}})
    # RLlib sends them to the env runners too, which ignore them, as the learner's count of updates is what it was.
    for group in filter(None, (algorithm.env_runner_group, algorithm.eval_env_runner_group)):
        group.foreach_env_runner(lambda runner: runner.set_state(modules))


def _try_out(env_config: dict[str, Any], model_config: dict[str, Any]) -> Spaces:
    """One row's spaces; made and reset here once, so that mistakes show now, and not as the death of a worker."""
    env = make_env({**env_config, "num_envs": 1})
    env.reset(seed=0)
    env.close()
    spaces = Spaces(env.single_observation_space, env.single_action_space)
    RAMModule(observation_space=spaces.observation, action_space=spaces.action, model_config=model_config)
    check_canvas(model_config["ram"].get("canvas_size", 0), env)
    return spaces


def _module(algorithm: Algorithm) -> RAMModule:
    """The local copy of the module: for its sizes, its weights may be old."""
    module = algorithm.get_module()
    if not isinstance(module, RAMModule):
        raise ValueError(f"the algorithm's module is {type(module).__name__}; only a RAMModule holds a RAM")
    return module
