"""A file on its way in is read in the background, shown before it is whole, and never lost without a sentence."""

import io
import time
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ConfigError, RunError, TableFileError
from core.runs import intake as intake_module
from core.runs.datasets import read_head, read_report, table_path
from core.runs.intake import LOST, Intake, discard, look, read_again, receive, retry, wait_for
from core.runs.processes import ProcessId
from core.runs.store import Store
from core.tables.options import ReadOptions
from core.workspace import Workspace

CSV = b"town,people\nUlm,3\nWien,4\n"


def arrived(workspace: Workspace, store: Store, content: bytes, name: str = "towns.csv") -> Intake:
    return wait_for(workspace, receive(workspace, store, io.BytesIO(content), name), 30)


def test_a_file_becomes_a_table(workspace: Workspace, store: Store):
    found = arrived(workspace, store, CSV)
    assert (found.state, found.file_name, found.n_bytes) == ("done", "towns.csv", len(CSV))
    assert found.dataset_id is not None
    dataset = store.dataset(found.dataset_id)
    assert read_head(workspace, dataset)["town"].tolist() == ["Ulm", "Wien"]
    discard(workspace, found.id)
    assert table_path(workspace, dataset).is_file()
    with pytest.raises(RunError, match="not here any more"):
        look(workspace, found.id)


def test_a_file_that_cannot_be_read_stays_to_be_read_in_another_way(workspace: Workspace, store: Store):
    found = arrived(workspace, store, b"a,b\n1,2\n3,4,5\n6,7\n")
    assert found.state == "failed"
    assert found.sentence.startswith("Line 3 has 3 cells")
    with pytest.raises(ConfigError):
        retry(workspace, store, found, ReadOptions(decimal="x"))
    again = wait_for(workspace, retry(workspace, store, found, ReadOptions(long_rows="leave_out")), 30)
    assert again.state == "done"
    assert again.dataset_id is not None
    assert store.dataset(again.dataset_id).n_rows == 2


def test_a_table_is_read_in_another_way_and_the_first_stays(workspace: Workspace, store: Store):
    first = store.dataset(str(arrived(workspace, store, CSV).dataset_id))
    found = wait_for(workspace, read_again(workspace, store, first, ReadOptions(header_row=0)), 30)
    second = store.dataset(str(found.dataset_id))
    assert (first.n_rows, second.n_rows, found.replaces) == (2, 3, first.id)
    assert read_report(workspace, second).header_row == 0
    assert read_report(workspace, first).header_row == 1
    same = wait_for(workspace, read_again(workspace, store, second, ReadOptions()), 30)
    assert same.dataset_id == first.id
    failed = wait_for(workspace, read_again(workspace, store, first, ReadOptions(header_row=300)), 30)
    assert failed.sentence == "Line 300 is none of the first 500 rows. Choose another header row."


def test_a_large_file_shows_its_first_rows_and_how_far_it_is(workspace: Workspace, store: Store):
    rows = "\n".join(f"{i},{i % 7},word {i % 1000}" for i in range(400_000))
    found = receive(workspace, store, io.BytesIO(f"n,k,w\n{rows}\n".encode()), "large.csv")
    shares, head = [], None
    while found.state == "reading":
        found = look(workspace, found.id)
        head = head or found.head
        shares.append(found.share)
        time.sleep(0.02)
    assert found.state == "done", found.sentence
    assert head is not None
    assert head.names == ("n", "k", "w")
    assert head.rows[99] == ("99", "1", "word 99")
    told = [share for share in shares if share]
    assert told == sorted(told)
    assert told


def test_a_reading_that_ended_with_its_process_says_so(workspace: Workspace, store: Store):
    found = arrived(workspace, store, CSV)
    gone = ProcessId(4_000_000, "1", "another boot")
    intake_module._write(workspace, replace(found, state="reading", reader=gone))
    assert (look(workspace, found.id).state, look(workspace, found.id).sentence) == ("failed", LOST)


@pytest.mark.parametrize("name", ["", "..", "../../etc", "nope", "0123456789abcdef"])
def test_what_is_no_file_on_its_way_in_is_refused(workspace: Workspace, name: str):
    with pytest.raises(RunError, match="not here any more"):
        look(workspace, name)
    discard(workspace, name)
    assert workspace.incoming.is_dir()


def test_a_file_beyond_the_limit_leaves_nothing(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("ROWSMITH_MAX_FILE_MB", "1")
    with pytest.raises(TableFileError, match="larger than 1 MB"):
        receive(workspace, store, io.BytesIO(b"a\n" * 600_000), "large.csv")
    assert not any(workspace.incoming.iterdir())
