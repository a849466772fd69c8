"""Every id of the specification is named in the docstring of a test, and no test names one that is not there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.requirements import ALL_IDS

SPECIFICATION = Path(__file__).resolve().parents[2] / "shared" / "spec" / "trainer.md"
ID = re.compile(r"\b(?:REQ|AC|INV|EC)-T\d{2}\b")


def ids_named_by_tests() -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for path in Path(__file__).parent.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for found in ID.findall(ast.get_docstring(node) or ""):
                    named.setdefault(found, []).append(f"{path.name}::{node.name}")
    return named


def test_each_id_of_the_specification_is_named_by_a_test() -> None:
    assert sorted(set(ALL_IDS) - set(ids_named_by_tests())) == []


def test_no_test_names_an_id_that_the_specification_does_not_have() -> None:
    assert sorted(set(ids_named_by_tests()) - set(ALL_IDS)) == []


def test_the_list_of_ids_is_the_specifications() -> None:
    if not SPECIFICATION.is_file():
        pytest.skip("the specification is not here")
    assert set(ALL_IDS) == set(ID.findall(SPECIFICATION.read_text("utf-8")))
