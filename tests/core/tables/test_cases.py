"""Each awkward file gives exactly its table, or exactly its sentence."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from core.errors import AppError
from core.tables.files.convert import TABLE_NAME, convert_file
from core.tables.report import ReadReport
from core.tables.sandbox import read_in_sandbox
from tests.core.tables.cases import CASES, KNOWN_GAPS
from tests.core.tables.cases.case import Case
from tests.corpora.sentences import faults_of


def read(case: Case, folder: Path) -> ReadReport:
    source = folder / "upload"
    source.write_bytes(case.bytes)
    read_file = read_in_sandbox if case.in_child else convert_file
    return read_file(source, folder, case.options)


def typed(columns: dict[str, list[object]]) -> list[tuple[str, list[tuple[type, object]]]]:
    """The columns in order, with the type of each cell, so that 1 and 1.0 and True are three."""
    return [(name, [(type(cell), cell) for cell in cells]) for name, cells in columns.items()]


def marked(case: Case) -> object:
    marks = [pytest.mark.xfail(reason=KNOWN_GAPS[case.name], strict=True)] if case.name in KNOWN_GAPS else []
    return pytest.param(case, marks=marks, id=case.name)


@pytest.mark.parametrize("case", [marked(case) for case in CASES if case.columns is not None])
def test_an_awkward_file_gives_its_table(tmp_path: Path, case: Case) -> None:
    report = read(case, tmp_path)
    table = pq.read_table(tmp_path / TABLE_NAME).to_pydict()
    assert typed(table) == typed({name: list(cells) for name, cells in (case.columns or {}).items()})
    notices = " ".join(report.notices)
    assert [words for words in case.said if words not in notices] == [], notices
    assert [(words, faults_of(words)) for words in report.notices if faults_of(words)] == []
    profiles = {column.name: (column.kind, column.n_missing) for column in report.columns}
    assert {name: profiles[name] for name in case.kinds or {}} == (case.kinds or {})


@pytest.mark.parametrize("case", [marked(case) for case in CASES if case.columns is None])
def test_what_is_no_table_is_refused_with_its_sentence(tmp_path: Path, case: Case) -> None:
    with pytest.raises(AppError) as refusal:
        read(case, tmp_path)
    assert refusal.value.sentence == case.sentence
    assert not list(tmp_path.glob("*.parquet"))


def test_the_names_of_cases_and_gaps_are_in_order() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
    assert set(KNOWN_GAPS) <= set(names)
    assert len(names) >= 120
