"""The order of the rooms, and that imports run down only: nothing is imported to find out."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "python" / "glevel_fast"
# From the ground up. A room is a folder or a file of this name; a set of rooms stands side by side, in the order given.
ROOMS = (
    "version", "errors", "extras", "text", "machines", "_core", "io", "core", "loading", "folders", "evaluation",
    "uncertainty", "boards", "trust", "published", "registry", "report", "api", "reference", "cli", "__main__",
    "__init__",
)  # fmt: skip


def modules(folder=PACKAGE):
    """Every module by its name below the package, with its source."""
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if parts[-1] == "__init__" and len(parts) > 1:
            parts = parts[:-1]
        yield ".".join(parts), path.read_text(encoding="utf-8")


def imports(source, known):
    """(module, name or None, line) of every import of the package's own, in function bodies and for types too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == "glevel_fast":
                    yield alias.name.partition(".")[2] or "__init__", None, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports name the package, they are not relative"
            package, _, module = (node.module or "").partition(".")
            if package != "glevel_fast":
                continue
            for alias in node.names:
                whole = f"{module}.{alias.name}".strip(".")
                if whole in known:
                    yield whole, None, node.lineno
                else:
                    yield module or "__init__", alias.name, node.lineno


def faults(sources):
    """What breaks the order, in words."""
    known, order = {*sources, "_core"}, {room: i for i, room in enumerate(ROOMS)}
    found, graph = [], {}
    for module, source in sources.items():
        room = module.partition(".")[0]
        if room not in order:
            found.append(f"{module}: the room {room} has no place in the order")
            continue
        for target, name, line in imports(source, known):
            at = f"{module}:{line}"
            if name and name.startswith("_") and name != "__version__":
                found.append(f"{at}: {name} of {target} is private")
            there = target.partition(".")[0]
            if target == "__init__" and room in ("cli", "__init__", "__main__"):
                continue
            if order.get(there, len(ROOMS)) > order[room]:
                found.append(f"{at}: {target} is above")
            elif there == room and target != module:
                graph.setdefault(module, set()).add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append(f"a circle: {' -> '.join(error.args[1])}")
    return found


def test_imports_run_down_only():
    assert not faults(dict(modules()))


@pytest.mark.parametrize(
    ("module", "line", "fault"),
    [
        ("io.csv", "from glevel_fast.core.benchmark import Benchmark", "io.csv:1: core.benchmark is above"),
        ("core.scores", "def f():\n    from glevel_fast.boards import board", "core.scores:2: boards.board is above"),
        ("core.new", "if TYPE_CHECKING:\n    import glevel_fast.api", "core.new:2: api is above"),
        ("core.new", "from glevel_fast.core.rules import _hidden", "core.new:1: _hidden of core.rules is private"),
        ("core.rules", "from glevel_fast.core import scoring", "a circle: "),
        ("trust.new", "import glevel_fast", "trust.new:1: __init__ is above"),
        ("attic.new", "", "attic.new: the room attic has no place in the order"),
    ],
)
def test_an_arrow_back_is_noticed(module, line, fault):
    sources = dict(modules()) | {module: line}
    assert any(found.startswith(fault) for found in faults(sources)), faults(sources)


def test_the_core_needs_nothing_but_numpy():
    allowed = {"numpy", "glevel_fast"}
    rooms = ("core", "loading", "text", "errors", "extras", "machines", "uncertainty", "boards")
    for module, source in modules():
        if module.partition(".")[0] not in rooms:
            continue
        for node in ast.parse(source).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.partition(".")[0]
                assert top in allowed or top in STANDARD, f"{module} imports {name}"


STANDARD = __import__("sys").stdlib_module_names | {"__future__"}
