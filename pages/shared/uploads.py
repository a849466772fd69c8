"""What a page does with a file that the browser has sent."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.uploads import DiskUploads


def source_of(source: BinaryIO) -> Path | BinaryIO:
    """Return the file on disk of an upload, which may be moved away; what came in itself where it has none.

    Raises RunError where it could not be written.
    """
    context = get_script_run_ctx()
    if isinstance(source, UploadedFile) and context and isinstance(context.uploaded_file_mgr, DiskUploads):
        return context.uploaded_file_mgr.path_of(context.session_id, source.file_id)
    return source


def let_go(uploaded: UploadedFile) -> None:
    """Have the server forget a file that has been kept elsewhere, or refused."""
    uploaded.close()
    context = get_script_run_ctx()
    if context is not None:
        context.uploaded_file_mgr.remove_file(context.session_id, uploaded.file_id)
