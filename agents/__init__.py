"""Agents with active vision: RAM and its training by REINFORCE."""

from .config import Config, recipe, recipe_names
from .policy import RAM
from .reinforce import Reinforce

__all__ = ["RAM", "Config", "Reinforce", "recipe", "recipe_names"]
