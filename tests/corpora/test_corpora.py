"""A share of the awkward files, and a small folder of our own, is read as promised; and the checks can fail."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.core.tables.cases import CASES, KNOWN_GAPS
from tests.corpora.__main__ import CORPORA
from tests.corpora.difference import KNOWN, Difference, Reading, differences
from tests.corpora.known import SEEN
from tests.corpora.oracles import Compared
from tests.corpora.reading import Outcome
from tests.corpora.report import Findings, promises, table
from tests.corpora.sentences import faults_of, shape_of
from tests.corpora.text_oracle import classify

ROOT = Path(__file__).resolve().parents[2]
EVERY = 100  # what takes about 10 s on two cores


def run(folder: Path, figures: Path, every: int = 1) -> tuple[int, str, dict[str, Any]]:
    """Run the command; return how it ended, what it printed and what it wrote."""
    command = [sys.executable, "-m", "tests.corpora", str(folder), "--every", str(every), "--json", str(figures)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr, json.loads(figures.read_text("utf-8"))


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the folder of awkward files is not here")
def test_a_share_of_the_awkward_files_is_read_as_promised(tmp_path: Path) -> None:
    code, said, found = run(CORPORA, tmp_path / "figures.json", EVERY)
    assert code == 0, said
    assert len(found["outcomes"]) > 15


def test_a_folder_of_our_own_is_read_as_promised(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    sound = [case for case in CASES if case.name not in KNOWN_GAPS and len(case.bytes) < 100_000]
    chosen = {re.sub(r"\W", "_", case.name): case for case in [*sound[::50], *[c for c in sound if c.in_child][::8]]}
    for name, case in chosen.items():
        (folder / f"{name}.csv").write_bytes(case.bytes)
    code, said, found = run(folder, tmp_path / "figures.json")
    assert code == 0, said
    endings = {outcome["name"].removesuffix(".csv"): outcome["ending"] for outcome in found["outcomes"]}
    assert {name: ending == "read" for name, ending in endings.items()} == {
        name: case.columns is not None for name, case in chosen.items()
    }
    assert sum(compared["cells"] for compared in found["compared"]) > 0


@pytest.mark.parametrize(
    "sentence",
    [
        "The file is empty. Choose a file with a header and rows.",
        "Columns with a name that came before were renamed: 'ValueError', '/etc/passwd'.",
        "Cells with an error such as #N/A, which count as missing: 3.",
        "'table.docx' has the unknown extension '.docx'.",
        "Numbers written like 1.234,56 were recognised in 'x' and 3 more.",
    ],
)
def test_a_plain_sentence_has_no_faults(sentence: str) -> None:
    assert faults_of(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "fault"),
    [
        ("The file is damaged", "does not end with a full stop"),
        ("The file is\ndamaged.", "is not one line"),
        ("The column 'a\nb' was renamed.", "is not one line"),
        ("The file is damaged (XmlError).", "names an exception"),
        ("The file is damaged (WorksheetNotFound).", "names an exception"),
        ("The sheet could not be read: ValueError.", "names an exception"),
        ("The file /tmp/rowsmith-x/upload could not be read.", "names a path"),
        ("The value is None.", "shows code"),
        ("It is <class 'str'>.", "shows code"),
        ("the file is damaged.", "does not begin like a sentence"),
        (f"The file is {'very ' * 80}damaged.", "is longer than 300 characters"),
    ],
)
def test_what_is_no_plain_sentence_is_found(sentence: str, fault: str) -> None:
    assert fault in faults_of(sentence)


def test_like_sentences_are_counted_together() -> None:
    one = shape_of("Line 1,204 has 3 cells, but the sheet 'a' has 2.")
    assert one == shape_of("Line 7 has 12 cells, but the sheet 'b c' has 4.")
    assert one != shape_of("Line 7 has 12 cells, but the table 'b c' has 4.")


@pytest.mark.parametrize(
    ("cell", "text", "what"),
    [
        (1.5, "1,5", ""),
        (1234567.5, "1 234 567,5", ""),
        (-1234.5, "(1,234.50)", ""),
        (0.125, "12,5 %", ""),
        (7, "7", ""),
        (None, " ", ""),
        ("007", "007", ""),
        (7, "007.5", "a number"),
        (1234, "1.234,5", "a number"),
        (None, "x", "a text is missing"),
        ("x ", "x", "blanks around a text"),
        ("y", "x", "a text"),
        ("1.5", "1,5", f"{KNOWN}the marks of a number among texts"),
    ],
)
def test_a_cell_is_held_against_its_text(cell: object, text: str, what: str) -> None:
    assert classify(cell, text) == what


def test_tables_of_other_shapes_and_cells_are_told_apart() -> None:
    [shape] = differences({"a": [1, 2]}, Reading([["1", "2", "3"]], classify))
    assert (shape.ours, shape.theirs) == ("2 rows × 1 columns", "3 rows × 1 columns")
    rows = Reading([["1", "", "2", "a", "# so far"], ["x", "", "y", "b", ""], ["5", "", "6", "c", ""]], classify)
    assert differences({"a": [1, 2], "b": ["x", "y"], "c": [5, 6]}, rows) == []
    [cut] = differences({"a": [1], "b": ["x"], "c": [5]}, rows)
    assert (cut.ours, cut.theirs) == ("1 rows × 3 columns", "2 rows × 3 columns")
    [cells] = differences({"a": [1, 2, 3]}, Reading([["1", "5", "6"]], classify))
    assert (cells.what, cells.count, cells.where) == ("a number", 2, "column 'a', row 2")
    assert differences({"a": [1, 2]}, Reading([["1", "2"]], classify)) == []


def test_each_broken_promise_is_told_with_its_file() -> None:
    good = Outcome(Path("a.csv"), "a.csv", "read", 0.2, 10**8)
    bad = [
        replace(good, name="b.csv", ending="died", died_of="signal 11: ", explained=False),
        replace(good, name="c.csv", ending="traceback", sentence="The file is damaged (XmlError)."),
        replace(good, name="d.csv", ending="late", seconds=91.0),
        replace(good, name="e.csv", ending="refused", faults=("'no' does not end with a full stop",)),
    ]
    wrong = Compared("f.csv", "pandas", 2, tuple(differences({"a": [1]}, Reading([["2"]], classify))))
    known = Compared("g.csv", "pandas", 2, tuple(differences({"a": ["1.5"]}, Reading([["1,5"]], classify))))
    assert all(promise.is_kept for promise in promises(Findings([good], [known])))
    findings = Findings([good, *bad], [wrong, known])
    assert [len(promise.broken) for promise in promises(findings)] == [1] * 5 + [0]
    told = table(findings)
    assert all(name in told for name in ("b.csv", "c.csv", "d.csv", "e.csv", "f.csv"))
    assert told.count("MISSED") == 5


def test_a_difference_that_was_seen_to_be_right_is_told_with_its_reason_and_missed_when_it_is_gone() -> None:
    (name, what), why = next(iter(SEEN.items()))
    found = Compared(name, "pandas", 1, (Difference(what, "column 'a', row 6", "'x'", "'x\\x1a'"),))
    findings = Findings([], [found])
    assert all(promise.is_kept for promise in promises(findings))
    assert f"{name} and pandas: {why}" in table(findings)
    other = Compared(name, "pandas", 1, (Difference("a number", "column 'a', row 6", "1", "2"),))
    assert [bool(promise.broken) for promise in promises(Findings([], [other]))] == [False] * 4 + [True, True]
