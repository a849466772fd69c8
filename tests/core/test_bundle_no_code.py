"""Nothing in the core can turn a file into running code: proved on its syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[2] / "core"
MODULES = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "skops"}
CALLS = {"eval", "exec", "compile", "__import__"}
METHODS = {
    ("torch", "load"), ("joblib", "load"), ("np", "load"), ("numpy", "load"), ("pd", "read_pickle"),
    ("torch.jit", "load"), ("torch.hub", "load"), ("torch.package", "PackageImporter"), ("pandas", "read_pickle"),
}  # fmt: skip


def dangers(source: str) -> Iterator[str]:
    """Yield what in a module could run code out of a file, with its line."""
    for node in ast.walk(ast.parse(source)):
        yield from (f"line {getattr(node, 'lineno', 0)}: {word}" for word in _words(node))


def _words(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.split(".")[0] in MODULES)
    elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
        yield str(node.module)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield node.func.id
    elif isinstance(node, ast.Attribute) and (ast.unparse(node.value), node.attr) in METHODS:
        yield ast.unparse(node)
    elif isinstance(node, ast.Constant) and node.value in MODULES:
        yield str(node.value)  # as for importlib
    elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
        yield "allow_pickle"


PIPES = (CORE / "added" / "lane.py",)  # which reads what the process that started it writes, and no file


@pytest.mark.parametrize(
    "source",
    [
        "import pickle", "from pickle import loads", "def f():\n    import joblib", "torch.load(path)", "eval('1')",
        "exec(code)", "importlib.import_module('pickle')", "np.load(path)", "torch.jit.load(path)",
        "f(allow_pickle=True)", "reader = torch.load",
    ],
)  # fmt: skip
def test_the_search_finds_what_it_looks_for(source: str) -> None:
    assert list(dangers(source))


def test_no_module_of_the_core_can_run_code_from_a_file() -> None:
    modules = sorted(CORE.rglob("*.py"))
    assert len(modules) > 10
    found = {str(path): list(dangers(path.read_text(encoding="utf-8"))) for path in modules if path not in PIPES}
    assert {path: words for path, words in found.items() if words} == {}
