"""Recipes: hyper-parameters in a JSON file, by the name of one of this package's or by the path of one's own."""

from __future__ import annotations

import json
import os
import sys
from importlib import resources
from pathlib import Path
from typing import Any

from .config import Config
from .json_object import json_object

ROOT = __package__.partition(".")[0]
"""The package, under whichever name it is installed."""
SUFFIX = ".json"
MOST_BYTES = 1 << 20
"""Of a recipe of one's own: a thousand times what the packaged ones have."""


def recipe(name: str | os.PathLike[str], *, env_id: str | None = None) -> Config:
    """The hyper-parameters of a recipe.

    Args:
        name: of one that comes with this package, such as "cluttered60"; or the path of a JSON file of the same form,
            which ends in ".json". What it leaves out is as in `Config()`.
        env_id: in place of the recipe's.

    Raises:
        ValueError: no recipe has this name; or the file is none, or holds what is no hyper-parameter, or its own env_id
            names a module that is not imported yet: whoever trains by it would import that.
        FileNotFoundError: there is no such file.
    """
    options = _options(name)
    options.pop("deviations", None)
    if env_id is not None:
        options["env_id"] = env_id
    try:
        config = Config().replace(**options)
    except (TypeError, ValueError) as error:
        raise ValueError(f"recipe {os.fspath(name)}: {error}") from error
    module, colon, _ = config.env_id.partition(":")
    if env_id is None and is_file(name) and colon and module not in sys.modules:
        raise ValueError(
            f"recipe {os.fspath(name)}: its env_id {config.env_id} would import the module {module}; if you trust it, "
            f"give that id yourself, by env_id or --env-id"
        )
    return config


def deviations(name: str | os.PathLike[str]) -> list[str]:
    """What a recipe that follows the paper does otherwise, in sentences; none are listed of other recipes.

    Raises:
        ValueError: no recipe has this name, or the file is none.
        FileNotFoundError: there is no such file.
    """
    return list(_options(name).get("deviations", []))


def recipe_names() -> list[str]:
    """The recipes that come with the package."""
    folder = resources.files(ROOT) / "recipes"
    return sorted(file.name.removesuffix(SUFFIX) for file in folder.iterdir() if file.name.endswith(SUFFIX))


def is_file(name: str | os.PathLike[str]) -> bool:
    """Whether this is the path of a recipe of one's own."""
    return os.fspath(name).endswith(SUFFIX)


def _options(name: str | os.PathLike[str]) -> dict[str, Any]:
    """The options of a recipe, and beside them what of it is not the paper's."""
    if is_file(name):
        return _read(Path(name))
    if os.fspath(name) not in recipe_names():
        raise ValueError(
            f"no recipe is called {os.fspath(name)!r}; there are: {', '.join(recipe_names())}; the path of one of your "
            f"own ends in {SUFFIX}"
        )
    options: dict[str, Any] = json.loads((resources.files(ROOT) / "recipes" / f"{name}{SUFFIX}").read_text())
    return options


def _read(path: Path) -> dict[str, Any]:
    """The JSON object that a file holds."""
    if path.exists() and not path.is_file():  # a pipe would have us wait
        raise ValueError(f"recipe {path} is no file")
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"{path} has more than {MOST_BYTES:,} bytes, which no recipe has")
    try:
        options = json_object(content)
    except ValueError as error:
        raise ValueError(f"recipe {path}: {error}") from error
    sentences = options.get("deviations", [])
    if not isinstance(sentences, list) or not all(isinstance(sentence, str) for sentence in sentences):
        raise ValueError(f"recipe {path}: deviations must be a list of sentences")
    return options
