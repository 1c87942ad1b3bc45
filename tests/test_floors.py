"""Which module may import which, and what importing a package must not load."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import DOCS, ROOT
from processes import run_python

# The rooms of each package, floor by floor: a room may import from its own floor and from those below. A room is a
# folder, or a module that lies beside the folders.
FLOORS = {
    "ram_envs": [
        {"arguments", "data", "extras"},
        {"retina", "images", "gallery", "rendering"},
        {"tasks"},
        {"shells"},
        {"wrappers"},
    ],
    "ram_agents": [
        {"precision", "model", "processes"},
        {"agent"},
        {"training"},
        {"evaluation", "scanpaths", "sb3", "rllib", "ap_gym"},
        {"rendering", "sharing", "reports", "entrants", "scoreboard"},
        {"game"},
        {"commands"},
        {"cli"},
    ],
}
FOLDERS = {"ram_envs": ROOT / "ram_envs", "ram_agents": ROOT / "agents"}
MOST_MODULES = 12  # of a room, beside its __init__
# What the rooms of ram_envs may import from outside, beyond numpy and the standard library.
OUTSIDE = {
    "arguments": set(),
    "data": set(),
    "extras": set(),
    "retina": {"numba", "llvmlite", "gymnasium"},
    "images": {"numba", "gymnasium", "PIL", "sklearn"},
    "gallery": {"numba", "gymnasium", "rich", "tifffile", "openslide"},
    "rendering": {"gymnasium", "pygame"},
    "tasks": {"numba", "gymnasium"},
    "shells": {"gymnasium"},
    "wrappers": {"gymnasium"},
}

# Parts of the ids of the environments, by which agents must not tell one from another.
KNOWN = {"ram_envs", "GlimpseMNIST", "GlimpseImages", "CircleSquare", "Catch"}


class Module:
    """A file of one of the packages, and what it imports."""

    def __init__(self, package: str, path: Path) -> None:
        parts = path.relative_to(FOLDERS[package]).with_suffix("").parts
        self.package, self.path, self.room, self.name = package, path, parts[0], ".".join((package, *parts))
        self.tree = ast.parse(path.read_text())

    def __repr__(self) -> str:
        return self.name

    def imports(self, nodes: Iterator[ast.AST] | None = None) -> set[str]:
        """The dotted names of all modules and their parts that are imported, wherever in the file, as absolute ones."""
        names = set()
        for node in nodes or ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                above = self.name.split(".")[: -node.level] if node.level else []
                module = ".".join([*above, *([node.module] if node.module else [])])
                names |= {f"{module}.{alias.name}" for alias in node.names}
        return names

    def imports_at_once(self) -> set[str]:
        """What is loaded when the file is: outside of functions and of `if TYPE_CHECKING`."""

        def visit(nodes: list[ast.stmt]) -> Iterator[ast.AST]:
            for node in nodes:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield node
                elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
                    yield from visit(node.body + node.orelse)
                elif isinstance(node, ast.Try):
                    yield from visit(
                        node.body + node.orelse + node.finalbody + [n for h in node.handlers for n in h.body]
                    )
                elif isinstance(node, ast.ClassDef):
                    yield from visit(node.body)

        return self.imports(visit(self.tree.body))


def modules_of(package: str) -> list[Module]:
    paths = sorted(FOLDERS[package].rglob("*.py"))
    # __init__ and __main__ of the package itself are its doors, and lie on no floor.
    return [Module(package, path) for path in paths if path.parent != FOLDERS[package] or path.stem[:2] != "__"]


MODULES = {package: modules_of(package) for package in FLOORS}
ENVS, ALL = MODULES["ram_envs"], [module for modules in MODULES.values() for module in modules]
each_module = pytest.mark.parametrize("module", ALL, ids=repr)
each_of_envs = pytest.mark.parametrize("module", ENVS, ids=repr)


def tops(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("package", FLOORS)
def test_every_room_has_its_floor(package: str) -> None:
    assert {module.room for module in MODULES[package]} == set.union(*FLOORS[package])


@each_module
def test_a_room_imports_only_from_its_floor_and_below(module: Module) -> None:
    floors = FLOORS[module.package]
    floor = next(i for i, rooms in enumerate(floors) if module.room in rooms)
    below = set.union(*floors[: floor + 1])
    for name in module.imports():
        if name.startswith(f"{module.package}."):
            # The package itself tells its own doors by name, and what they lead to lies on some floor.
            assert name.split(".")[1] in below, f"{module} imports {name} from above"


@pytest.mark.parametrize("package", FLOORS)
def test_no_module_imports_itself_in_a_circle(package: str) -> None:
    """Imports under `TYPE_CHECKING` and in functions count too."""
    names = {module.name.removesuffix(".__init__"): module for module in MODULES[package]}
    behind: dict[str, set[str]] = {}
    for name, module in names.items():
        found = {other if other in names else other.rpartition(".")[0] for other in module.imports()}
        # A room's __init__ offers its modules' names and is nobody's way to them.
        behind[name] = {other for other in found & names.keys() if names[other].path.name != "__init__.py"} - {name}
    while free := {name for name, others in behind.items() if not others & behind.keys()}:
        for name in free:
            del behind[name]
    assert not behind, f"in a circle, or above one: {behind}"


@pytest.mark.parametrize("package", FLOORS)
def test_no_room_is_crowded(package: str) -> None:
    for room in {module.room for module in MODULES[package]}:
        inside = [m for m in MODULES[package] if m.room == room and m.path.name != "__init__.py"]
        assert len(inside) <= MOST_MODULES, f"{package}.{room} holds {len(inside)} modules: split it"


@each_module
def test_modules_and_functions_are_short(module: Module) -> None:
    assert module.path.read_text().count("\n") <= 300
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef):
            first = node.body[1] if len(node.body) > 1 and ast.get_docstring(node) else node.body[0]
            length = (node.end_lineno or 0) - first.lineno + 1
            assert length <= 40, f"{node.name} has {length} lines"


@pytest.mark.parametrize(
    ("package", "heading"), [("ram_envs", "## Floors of `ram_envs`"), ("ram_agents", "## Floors of `ram_agents`")]
)
def test_the_floors_are_those_of_the_document(package: str, heading: str) -> None:
    table = (DOCS / "architecture.md").read_text().split(heading)[1].split("\n## ")[0]
    rows = [row.split("|")[2] for row in table.splitlines() if re.match(r"\| \d ", row)]
    assert [set(re.findall(r"`(\w+)`", row)) for row in rows] == [floor - {"data"} for floor in FLOORS[package]]


@each_of_envs
def test_what_the_environments_import_from_outside(module: Module) -> None:
    known = OUTSIDE[module.room] | {"numpy", "ram_envs"} | set(sys.stdlib_module_names)
    assert not tops(module.imports()) - known


def test_retina_data_and_scenes_do_not_know_gymnasium() -> None:
    pure = {"retina.retina", "retina.compiled", "images.datasets", "images.distortion", "tasks.scenes"}
    found = [module for module in ENVS if module.name.removeprefix("ram_envs.") in pure]
    assert len(found) == len(pure)
    for module in found:
        assert "gymnasium" not in tops(module.imports()), module


@each_of_envs
def test_pygame_pillow_and_scikit_learn_are_imported_inside_functions(module: Module) -> None:
    assert not tops(module.imports_at_once()) & {"pygame", "PIL", "sklearn", "rich", "tifffile", "openslide"}
    allowed = {"images.files": {"PIL"}, "images.samples": {"sklearn"}}.get(module.name.removeprefix("ram_envs."), set())
    assert tops(module.imports()) & {"PIL", "sklearn"} <= allowed


@each_of_envs
def test_the_environments_know_nothing_of_agents(module: Module) -> None:
    assert not tops(module.imports()) & {"torch", "ram_agents", "agents"}


@pytest.mark.parametrize("module", MODULES["ram_agents"], ids=repr)
def test_agents_reach_the_environments_through_gymnasium(module: Module) -> None:
    # Pictures, the retina, data and wrappers are there for all; tasks and shells are not.
    names = module.imports()
    assert "agents" not in tops(names), "inside the package imports are relative"
    rooms = {name.split(".")[1] for name in names if name.startswith("ram_envs.")}
    assert not rooms & {"tasks", "shells"}


@pytest.mark.parametrize("module", MODULES["ram_agents"], ids=repr)
def test_agents_do_not_guess_what_an_environment_is(module: Module) -> None:
    """`declared` in agent/envs.py is the one place that asks an environment beyond Gymnasium's interface."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr == "task":
            # A task of the paper's tables.
            assert ast.unparse(node) == "row.task", ast.unparse(node)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"getattr", "hasattr"}:
            assert "'task'" not in ast.unparse(node), ast.unparse(node)
        asks = isinstance(node, ast.Call) and re.search(r"\.(starts|ends)with$", ast.unparse(node.func))
        if (asks or isinstance(node, ast.Compare)) and (names := re.findall(r"'([^']+)'", ast.unparse(node))):
            known = [name for name in names if name.startswith("ram_envs/") or name in KNOWN]
            assert not known, ast.unparse(node)


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
    done = run_python(script, cwd=ROOT)
    assert done.returncode == 0, done.stderr
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
