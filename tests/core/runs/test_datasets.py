"""Promises on taking a table in: kept once, read apart, and nothing half-written when it fails."""

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from core.errors import AppError, RunError, TableFileError
from core.runs.datasets import add_table, read_again, read_head, read_report, table_path
from core.runs.records import Dataset
from core.runs.store import Store
from core.tables.options import ReadOptions
from core.workspace import Workspace

CSV = b"id,town\n007,Ulm\n008,\n"


def test_a_file_is_kept_as_it_came_and_as_it_was_read(workspace: Workspace, store: Store) -> None:
    dataset = add_table(workspace, store, io.BytesIO(CSV), "C:\\tables\\Towns.CSV")
    assert (dataset.name, dataset.file_name, dataset.n_rows, dataset.n_columns) == ("Towns", "Towns.CSV", 2, 2)
    assert dataset.sha256 == hashlib.sha256(CSV).hexdigest()
    assert store.dataset(dataset.id) == dataset
    folder = workspace.dataset_dir(dataset.sha256)
    assert (folder / "original.csv").read_bytes() == CSV
    assert pq.read_table(table_path(workspace, dataset)).column("id").to_pylist() == ["007", "008"]
    assert [column.name for column in read_report(workspace, dataset).columns] == ["id", "town"]
    assert read_head(workspace, dataset, 1)["town"].tolist() == ["Ulm"]
    assert list(workspace.incoming.iterdir()) == []


def test_a_path_does_as_well_and_the_same_file_gives_the_same_table(
    workspace: Workspace, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "towns.csv"
    path.write_bytes(CSV)
    first = add_table(workspace, store, path, "towns.csv", is_sample=True)
    again = add_table(workspace, store, io.BytesIO(CSV), "another name.csv")
    assert first == again
    assert first.is_sample
    assert store.datasets() == [first]
    assert path.read_bytes() == CSV


def test_several_uploads_of_one_file_at_once_give_one_table(workspace: Workspace, store: Store) -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda n: add_table(workspace, store, io.BytesIO(CSV), f"{n}.csv"), range(4)))
    assert len({dataset.id for dataset in found}) == 1
    assert len(store.datasets()) == 1
    assert len(read_head(workspace, found[0])) == 2
    assert list(workspace.incoming.iterdir()) == []


def test_lost_files_come_back_when_the_file_is_added_again(workspace: Workspace, store: Store) -> None:
    dataset = add_table(workspace, store, io.BytesIO(CSV), "towns.csv")
    table_path(workspace, dataset).unlink()
    with pytest.raises(RunError, match=r"'towns' is missing: .*Add towns\.csv again"):
        table_path(workspace, dataset)
    assert add_table(workspace, store, io.BytesIO(CSV), "towns.csv").id == dataset.id
    assert table_path(workspace, dataset).is_file()


def test_damaged_files_are_said_plainly(workspace: Workspace, store: Store) -> None:
    dataset = add_table(workspace, store, io.BytesIO(CSV), "towns.csv")
    table_path(workspace, dataset).write_bytes(b"PAR1 but not really")
    (table_path(workspace, dataset).parent / "report.json").write_text("{")
    for read in (read_report, read_head):
        with pytest.raises(RunError, match=r"missing or damaged. Add towns\.csv again"):
            read(workspace, dataset)
    assert store.datasets() == [dataset]


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"", "empty.csv"), (b"a,b\n1,\x002\n", "nul.csv"), (b"PK\x03\x04 no workbook", "broken.xlsx")],
)
def test_a_file_that_is_no_table_leaves_nothing_behind(
    workspace: Workspace, store: Store, content: bytes, name: str
) -> None:
    with pytest.raises(TableFileError):
        add_table(workspace, store, io.BytesIO(content), name)
    assert store.datasets() == []
    assert list(workspace.incoming.iterdir()) == []
    assert list((workspace.home / "datasets").iterdir()) == []


def test_too_large_a_file_is_refused_before_it_fills_the_disk(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROWSMITH_MAX_FILE_MB", "1")
    with pytest.raises(TableFileError, match="larger than 1 MB"):
        add_table(workspace, store, io.BytesIO(b"a\n" + b"1\n" * 600_000), "large.csv")
    assert list(workspace.incoming.iterdir()) == []


def test_a_missing_file_is_said_plainly(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    with pytest.raises(AppError, match="There is no file"):
        add_table(workspace, store, tmp_path / "nowhere.csv", "nowhere.csv")


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = Workbook()
    for title, rows in {"First": [["a", "b"], [1, 2], [3, 4]], "Zweites": [["town"], ["Ulm"]]}.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    del book["Sheet"]
    book.save(tmp_path / "book.xlsx")
    return tmp_path / "book.xlsx"


def test_each_sheet_of_a_workbook_is_a_table_of_its_own(workspace: Workspace, store: Store, workbook: Path) -> None:
    first = add_table(workspace, store, workbook, "book.xlsx")
    assert (first.name, first.sheet, first.sheets) == ("book", "First", ("First", "Zweites"))
    second = read_again(workspace, store, first, ReadOptions(sheet="Zweites"))
    assert (second.name, second.sheet, second.n_rows) == ("book · Zweites", "Zweites", 1)
    assert second.id != first.id
    assert read_head(workspace, first)["a"].tolist() == [1, 3]
    assert read_head(workspace, second)["town"].tolist() == ["Ulm"]
    assert read_again(workspace, store, second, ReadOptions(sheet="First")) == first
    assert add_table(workspace, store, workbook, "book.xlsx") == first
    originals = list(workspace.dataset_dir(first.sha256).glob("original*"))
    assert [path.name for path in originals] == ["original.xlsx"]


def test_deleting_one_sheet_leaves_the_other(workspace: Workspace, store: Store, workbook: Path) -> None:
    first: Dataset = add_table(workspace, store, workbook, "book.xlsx")
    second = read_again(workspace, store, first, ReadOptions(sheet="Zweites"))
    store.delete_dataset(first.id)
    assert read_head(workspace, second)["town"].tolist() == ["Ulm"]
    store.delete_dataset(second.id)
    assert not workspace.dataset_dir(first.sha256).exists()


def test_a_sheet_that_is_not_there_is_refused(workspace: Workspace, store: Store, workbook: Path) -> None:
    first = add_table(workspace, store, workbook, "book.xlsx")
    with pytest.raises(TableFileError, match="Drittes"):
        read_again(workspace, store, first, ReadOptions(sheet="Drittes"))
    assert store.datasets() == [first]
