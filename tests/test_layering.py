"""Promises of the layout: imports go downward, core knows no page, and the server loads no torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# A module may import what stands in a line above its own; a package also itself.
LAYERS = (
    ("core.calibration", "core.dropout", "core.rows"),
    ("core.calibrate", "core.errors", "core.types", "core.leaderboard"),
    ("core.settled", "core.waves"),
    ("core.networks",),
    ("core.workspace", "core.config", "core.columns", "core.modes", "core.models", "core.inference", "core.encoding"),
    ("core.receipt",),
    ("core.tables", "core.losses", "core.bundle", "core.epoch"),
    ("core.steps",),
    ("core.checkpoint", "core.encoder"),
    ("core.data", "core.loop", "core.metrics", "core.teacher", "core.serialization"),
    ("core.record", "core.fitting", "core.members", "core.scoring"),
    ("core.added",),
    ("core.distill",),
    ("core.trainer",),
    ("core.insight",),
    ("core.runs",),
    ("core.commands",),
    ("core.uploads",),
    ("core.cli",),
)
SERVING = "core.uploads"  # a part of the server itself, which only what runs in it imports

# What the web server may import at any time.
SERVER_SIDE = (
    "core.checkpoint",
    "core.epoch",
    "core.workspace",
    "core.config",
    "core.modes",
    "core.receipt",
    "core.types",
    "core.waves",
    "core.calibration",
    "core.errors",
    "core.serialization",
)
SERVER_PACKAGES = ("core/runs", "core/tables", "pages/shared")
WORKER_ONLY = ("core.runs.compare", "core.runs.insight_worker", "core.runs.preflight.measure")
SERVER_SCORING = (
    "core.scoring",
    "core.scoring.contract",
    "core.scoring.drift",
    "core.scoring.form",
    "core.scoring.renames",
    "core.scoring.truth",
    "core.scoring.write",
)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for path in sorted((ROOT / "core").rglob("*.py"))}


def imported(path: Path, *, only_at_import: bool = False) -> Iterator[str]:
    """Yield every module that a file imports, submodules imported from their package included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in _at_import(tree) if only_at_import else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            submodules = [name for name in names if name in SOURCES]
            yield from submodules or [str(node.module)]


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when the module is imported: none of a function, none only for type checkers."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from _at_import(child)


def place(module: str) -> tuple[int, str]:
    """Return the line of a module in LAYERS, and the entry it belongs to."""
    for line, entries in enumerate(LAYERS):
        for entry in entries:
            if module == entry or module.startswith(entry + "."):
                return line, entry
    raise AssertionError(f"{module} has no place in LAYERS yet")


@pytest.mark.parametrize("module", [name for name in SOURCES if name != "core"])
def test_imports_go_downward(module: str) -> None:
    line, entry = place(module)
    for other in imported(SOURCES[module]):
        if other.startswith("core."):
            other_line, other_entry = place(other)
            assert other_line < line or other_entry == entry, f"{module} imports {other}"


def test_no_modules_of_core_import_each_other_in_a_circle() -> None:
    graph = {
        name: {other for other in imported(path, only_at_import=True) if other in SOURCES and other != "core"}
        for name, path in SOURCES.items()
    }
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("module", SOURCES)
def test_core_knows_no_page(module: str) -> None:
    outside = {name.split(".")[0] for name in imported(SOURCES[module])}
    assert not outside & {"pages", "app"}
    if module == SERVING:
        return
    if module == "core.cli":  # it starts the server, and imports streamlit for nothing else
        outside = {name.split(".")[0] for name in imported(SOURCES[module], only_at_import=True)}
    assert "streamlit" not in outside


def server_modules() -> list[str]:
    found = [module_name(path) for folder in SERVER_PACKAGES for path in sorted((ROOT / folder).rglob("*.py"))]
    return [*SERVER_SIDE, *SERVER_SCORING, *(name for name in found if name not in WORKER_ONLY)]


def test_what_the_server_imports_loads_neither_torch_nor_scikit_learn() -> None:
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "    heavy = {'torch', 'sklearn'} & set(sys.modules)\n"
        "    assert not heavy, f'{name} imports {heavy}'\n"
    )
    modules = server_modules()
    assert {"core.runs.store", "core.runs.worker", "core.tables.coerce"} <= set(modules)
    done = subprocess.run(
        [sys.executable, "-c", code, *modules], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
