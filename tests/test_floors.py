"""Which module may import which, and what importing the package must not load."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Each floor of ram_envs stands on the floors before it, and modules of one floor may use each other.
FLOORS = [
    {
        "retina",
        "datasets",
        "compiled",
        "data",
        "sources",
        "folders",
        "samples",
        "rendering",
        "painting",
        "panel",
        "window",
    },
    {"scenes", "distortion"},
    {"task", "classification", "catch", "gaze"},
    {"checks", "streams", "envs", "environments", "wrappers", "foveated"},
]
# What a module may import from outside, beyond the standard library, by floor.
OUTSIDE = [
    {"numpy", "numba", "llvmlite", "pygame", "gymnasium", "PIL", "sklearn"},
    {"numpy", "numba"},
    {"numpy", "numba", "gymnasium"},
    {"numpy", "gymnasium"},
]


def imports(path: Path) -> set[str]:
    """The dotted names of all modules that a file imports, wherever in it, relative ones made absolute."""
    package = {"ram_envs": "ram_envs", "agents": "ram_agents"}[path.parent.name]
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = f"{package}.{node.module or ''}".rstrip(".") if node.level else str(node.module)
            names |= {module} if module != package else {f"{module}.{alias.name}" for alias in node.names}
    return names


def top_level_imports(path: Path) -> set[str]:
    """The modules that are loaded when a file is: outside of functions and of `if TYPE_CHECKING`."""
    names: set[str] = set()

    def visit(nodes: list[ast.stmt]) -> None:
        for node in nodes:
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module))
            elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
                visit(node.body + node.orelse)
            elif isinstance(node, ast.Try):
                visit(node.body + node.orelse + node.finalbody + [n for h in node.handlers for n in h.body])
            elif isinstance(node, ast.ClassDef):
                visit(node.body)

    visit(ast.parse(path.read_text()).body)
    return names


MODULES = sorted(path.stem for path in (ROOT / "ram_envs").glob("*.py") if path.stem != "__init__")


def test_every_module_has_its_floor() -> None:
    known = set.union(*FLOORS) - {"data"}
    assert set(MODULES) <= known, f"{set(MODULES) - known} have no floor yet"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_its_floor_and_below(module: str) -> None:
    floor = next(i for i, names in enumerate(FLOORS) if module in names)
    below = set.union(*FLOORS[: floor + 1])
    for name in imports(ROOT / "ram_envs" / f"{module}.py"):
        root, _, rest = name.partition(".")
        if root == "ram_envs":
            assert rest.split(".")[0] in below, f"{module} imports {name} from above"
        elif root not in sys.stdlib_module_names:
            assert root in OUTSIDE[floor], f"{module} imports {name}"


def test_the_floors_are_those_of_the_document() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    table = text.split("## Floors")[1].split("\n## ")[0]
    rows = [row.split("|")[2] for row in table.splitlines() if re.match(r"\| (ground|\d) ", row)]
    assert [set(re.findall(r"`(\w+)`", row)) for row in rows] == [floor - {"data"} for floor in FLOORS]


def test_retina_data_and_scenes_do_not_know_gymnasium() -> None:
    for module in ("retina", "datasets", "compiled", "scenes", "distortion"):
        assert not any(name.startswith("gymnasium") for name in imports(ROOT / "ram_envs" / f"{module}.py")), module


@pytest.mark.parametrize("module", MODULES)
def test_pygame_is_imported_inside_functions_and_by_rendering_alone(module: str) -> None:
    path = ROOT / "ram_envs" / f"{module}.py"
    assert not any(name.split(".")[0] == "pygame" for name in top_level_imports(path))
    if module not in ("rendering", "painting", "panel", "window"):
        assert not any(name.split(".")[0] == "pygame" for name in imports(path))


@pytest.mark.parametrize("module", MODULES)
def test_pillow_and_scikit_learn_are_imported_when_images_are_read_and_not_before(module: str) -> None:
    path = ROOT / "ram_envs" / f"{module}.py"
    assert not {name.split(".")[0] for name in top_level_imports(path)} & {"PIL", "sklearn"}
    allowed = {"folders": {"PIL"}, "samples": {"sklearn"}}.get(module, set())
    assert {name.split(".")[0] for name in imports(path)} & {"PIL", "sklearn"} <= allowed


def test_the_environments_know_nothing_of_agents() -> None:
    for path in (ROOT / "ram_envs").rglob("*.py"):
        if path.parent.name == "ram_envs":
            assert not {name.split(".")[0] for name in imports(path)} & {"torch", "ram_agents", "agents"}, path


def test_agents_reach_the_environments_through_gymnasium() -> None:
    # Pictures, the retina, data and wrappers are there for all; tasks and shells are not.
    inner = set.union(*FLOORS[1:]) - {"wrappers"} | {"compiled"}
    for path in (ROOT / "agents").glob("*.py"):
        names = imports(path)
        assert "agents" not in {name.split(".")[0] for name in names}, f"{path.name}: import ram_agents, not agents"
        used = {name.split(".")[1] for name in names if name.startswith("ram_envs.")}
        assert not used & inner, f"{path.name} imports {used & inner} of ram_envs"


def loaded_by(code: str) -> tuple[set[str], set[str]]:
    """The modules that a fresh interpreter has loaded, and the files of data it has opened, after some code."""
    script = f"""
import sys
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
{code}
print(*sys.modules)
data = (".gz", ".safetensors", ".json", ".toml")
print(*[name for name in opened if name.endswith(data) and ".dist-info" not in name])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    modules, opened = done.stdout.split("\n")[:2]
    return set(modules.split()), set(opened.split())


def test_importing_registers_and_loads_nothing_else() -> None:
    modules, opened = loaded_by("import ram_envs")
    plain, _ = loaded_by("import gymnasium.envs.registration")
    ours = {name for name in modules - plain if name.split(".")[0] not in sys.stdlib_module_names}
    assert ours == {"ram_envs"}
    assert not opened


def test_stepping_an_environment_loads_neither_torch_nor_pygame() -> None:
    code = 'import gymnasium as gym; env = gym.make("ram_envs:ram_envs/GlimpseMNIST-v0"); env.reset(); env.close()'
    modules, opened = loaded_by(code)
    assert not {name.split(".")[0] for name in modules} & {"torch", "pygame", "ram_agents", "matplotlib"}
    assert {Path(name).name for name in opened} == {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"}


def test_catch_opens_no_data() -> None:
    _, opened = loaded_by('import gymnasium as gym; gym.make("ram_envs:ram_envs/Catch-v0").reset()')
    assert not opened
