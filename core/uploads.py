"""Files that a browser sends: written to disk as soon as they have arrived, so that no page holds their bytes.

incoming/<id>/upload   the file, until whoever asked for it has moved it away or the session has ended

Streamlit keeps an upload in memory for as long as its tab is open, copies it whenever a page asks for it, and
copies it once more at the end of every run in which the session is checked. Here what Streamlit keeps is empty.
"""

from __future__ import annotations

import secrets
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from core.errors import RunError
from core.workspace import Workspace, disk_sentence


@dataclass
class _Upload:
    """A file on its way to disk."""

    path: Path
    is_written: threading.Event = field(default_factory=threading.Event)
    error: OSError | None = None


class DiskUploads(MemoryUploadedFileManager):
    """Streamlit's manager of uploads, with their bytes in the workspace."""

    def __init__(self, upload_endpoint: str, workspace: Workspace) -> None:
        super().__init__(upload_endpoint)
        self._workspace = workspace
        self._uploads: dict[tuple[str, str], _Upload] = {}
        self._uploads_lock = threading.Lock()

    def path_of(self, session_id: str, file_id: str) -> Path:
        """Return where a file lies, when it has been written whole. Raises RunError where it could not be."""
        with self._uploads_lock:
            upload = self._uploads.get((session_id, file_id))
        if upload is None:
            raise RunError("That file is not here any more. Bring it again.")
        upload.is_written.wait()
        if upload.error is not None:
            raise RunError(disk_sentence(upload.error, self._workspace.home)) from upload.error
        return upload.path

    def add_file(self, session_id: str, file: UploadedFileRec) -> None:
        """Write a file to disk, in a thread, because the server waits for this to return."""
        self._forget((session_id, file.file_id))
        upload = _Upload(self._workspace.incoming / secrets.token_hex(8) / "upload")
        with self._uploads_lock:
            self._uploads[session_id, file.file_id] = upload
        super().add_file(session_id, file._replace(data=b""))
        writing = threading.Thread(target=self._write, args=(session_id, file, upload), name="write-upload")
        writing.start()

    def remove_file(self, session_id: str, file_id: str) -> None:
        """Forget a file, and remove what is left of it."""
        super().remove_file(session_id, file_id)
        self._forget((session_id, file_id))

    def remove_session_files(self, session_id: str) -> None:
        """Forget the files of a session that has ended."""
        super().remove_session_files(session_id)
        with self._uploads_lock:
            keys = [key for key in self._uploads if key[0] == session_id]
        for key in keys:
            self._forget(key)

    def _write(self, session_id: str, file: UploadedFileRec, upload: _Upload) -> None:
        try:
            upload.path.parent.mkdir(parents=True)
            upload.path.write_bytes(file.data)
        except OSError as error:
            upload.error = error
        upload.is_written.set()
        with self._uploads_lock:
            is_wanted = self._uploads.get((session_id, file.file_id)) is upload
        if upload.error is not None or not is_wanted:
            shutil.rmtree(upload.path.parent, ignore_errors=True)

    def _forget(self, key: tuple[str, str]) -> None:
        with self._uploads_lock:
            upload = self._uploads.pop(key, None)
        if upload is not None and upload.is_written.is_set():  # else it is removed when it has been written
            shutil.rmtree(upload.path.parent, ignore_errors=True)


def keep_uploads_on_disk(workspace: Workspace) -> None:
    """Have the servers that this process starts from now on write uploads to the workspace."""
    from streamlit.web.server import server

    def manager(upload_endpoint: str) -> DiskUploads:
        return DiskUploads(upload_endpoint, workspace)

    server.MemoryUploadedFileManager = manager  # type: ignore[attr-defined,assignment]
