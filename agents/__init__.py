"""Agents with active vision: RAM, and its training by REINFORCE, after "Recurrent Models of Visual Attention"."""

from .config import Config, recipe, recipe_names
from .policy import RAM
from .reinforce import Reinforce
from .shipped import load, shipped_agents

__all__ = ["RAM", "Config", "Reinforce", "load", "recipe", "recipe_names", "shipped_agents"]
