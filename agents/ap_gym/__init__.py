"""ap-gym, the Active Perception Gym: its image classification, to train `Reinforce` on and to measure agents in.

    import ram_agents.ap_gym
    from ram_agents import Reinforce

    agent = Reinforce(ram_agents.ap_gym.ENV_ID, env_kwargs={"task": "CircleSquare-v0"}, total_episodes=62_500).learn()
    print(ram_agents.ap_gym.measure(agent, "CircleSquare-v0"))

See docs/ap-gym.md.
"""

from __future__ import annotations

from ram_envs.extras import how_to_install

try:
    import ap_gym  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError(f"ram_agents.ap_gym needs ap-gym: run {how_to_install('ap-gym')} ({error})") from error

import gymnasium as gym

from .env import GlimpseVectorEnv
from .measuring import Figures, measure

__all__ = ["ENV_ID", "Figures", "GlimpseVectorEnv", "measure"]

ENV_ID = "ram_agents.ap_gym:ap_gym/Glimpse-v0"
"""The id of `GlimpseVectorEnv`, for `Reinforce` and `ram train --env-id`; its argument `task` goes with it."""

gym.register("ap_gym/Glimpse-v0", vector_entry_point="ram_agents.ap_gym.env:GlimpseVectorEnv")
