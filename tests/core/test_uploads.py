"""Uploads lie on disk, not in the server's memory."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from core.errors import RunError
from core.uploads import DiskUploads
from core.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "home")


@pytest.fixture
def uploads(workspace: Workspace) -> DiskUploads:
    return DiskUploads("/upload", workspace)


def record(data: bytes, file_id: str = "../../file") -> UploadedFileRec:
    return UploadedFileRec(file_id=file_id, name="a.csv", type="text/csv", data=data)


def left(workspace: Workspace) -> list[Path]:
    return list(workspace.incoming.iterdir())


def until_gone(workspace: Workspace) -> None:
    deadline = time.monotonic() + 20
    while left(workspace) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left(workspace) == []


def test_an_upload_is_on_disk_and_what_streamlit_keeps_is_empty(workspace: Workspace, uploads: DiskUploads):
    uploads.add_file("s", record(b"a,b\n1,2\n"))
    path = uploads.path_of("s", "../../file")
    assert path.read_bytes() == b"a,b\n1,2\n"
    assert path.parent.parent == workspace.incoming
    [kept] = uploads.get_files("s", ["../../file"])
    assert (kept.name, kept.data) == ("a.csv", b"")


def test_an_upload_that_was_moved_away_is_forgotten(workspace: Workspace, uploads: DiskUploads, tmp_path: Path):
    uploads.add_file("s", record(b"x"))
    uploads.path_of("s", "../../file").replace(tmp_path / "kept")
    uploads.remove_file("s", "../../file")
    assert left(workspace) == []
    assert uploads.get_files("s", ["../../file"]) == []
    with pytest.raises(RunError, match="not here any more"):
        uploads.path_of("s", "../../file")


@pytest.mark.parametrize("waits", [True, False])
def test_the_uploads_of_a_session_go_with_it(workspace: Workspace, uploads: DiskUploads, waits: bool):
    uploads.add_file("s", record(b"x" * 3_000_000, "one"))
    uploads.add_file("s", record(b"x", "two"))
    uploads.add_file("t", record(b"x", "one"))
    if waits:
        uploads.path_of("s", "one")
        uploads.path_of("s", "two")
    uploads.remove_session_files("s")
    assert uploads.path_of("t", "one").exists()
    uploads.remove_session_files("t")
    until_gone(workspace)


def test_a_file_that_is_sent_again_takes_the_place_of_the_first(workspace: Workspace, uploads: DiskUploads):
    uploads.add_file("s", record(b"first"))
    uploads.add_file("s", record(b"second"))
    assert uploads.path_of("s", "../../file").read_bytes() == b"second"
    uploads.remove_file("s", "../../file")
    until_gone(workspace)


def test_an_upload_that_cannot_be_written_is_a_sentence(workspace: Workspace, uploads: DiskUploads):
    workspace.incoming.rmdir()
    workspace.incoming.write_bytes(b"")  # no folder can be made below a file, even by the superuser
    uploads.add_file("s", record(b"x"))
    with pytest.raises(RunError, match=r"\.$"):
        uploads.path_of("s", "../../file")
