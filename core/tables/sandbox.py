"""Read one file in a process of its own, which a hostile or damaged file may bring down.

`python -m core.tables.sandbox read SOURCE FOLDER OPTIONS` writes the table and the report to FOLDER, `head` prints
the first rows, and `sheets SOURCE` lists the visible sheets. OPTIONS is JSON; each prints one JSON object.
The process limits its own memory and computing time before it opens the file; the
parent limits the time on the clock and ends the whole process group.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import AppError, TableFileError
from core.tables.files import limits
from core.tables.files.content import looks_like_workbook
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.report import Head, ReadReport

REPORT_NAME = "report.json"
_ROOT = Path(__file__).resolve().parents[2]
_TOO_MUCH_MEMORY = (
    "Reading the file needs more memory than it may have. Save only the table, as XLSX or CSV, and try again."
)


def read_in_sandbox(source: Path, folder: Path, options: ReadOptions = AUTOMATIC) -> ReadReport:
    """Write `folder/table.parquet` and `folder/report.json` from `source`, and return the report.

    Raises TableFileError with one sentence when the file is no table or takes too much.
    """
    _check_size(source)
    _call("read", source, [str(folder.resolve()), json.dumps(options.as_dict())])
    return ReadReport.from_json((folder / REPORT_NAME).read_text(encoding="utf-8"))


def head_in_sandbox(source: Path, folder: Path, options: ReadOptions = AUTOMATIC) -> Head:
    """Return the first rows of `source`, read from its beginning alone where it is a text or Parquet file.

    Nothing is kept; `folder` is for what is written on the way. Raises TableFileError.
    """
    _check_size(source)
    answer = _call("head", source, [str(folder.resolve()), json.dumps(options.as_dict())])
    return Head(tuple(answer["names"]), tuple(tuple(row) for row in answer["rows"]))


def sheets_in_sandbox(source: Path) -> list[str]:
    """Return the visible sheets of the workbook `source`."""
    answer = _call("sheets", source, [])
    return [str(name) for name in answer["sheets"]]


def _check_size(source: Path) -> None:
    n_bytes, most = source.stat().st_size, limits.max_file_bytes(is_workbook=looks_like_workbook(source))
    if n_bytes > most:
        raise TableFileError(
            f"The file has {n_bytes / limits.MEGABYTE:,.0f} MB; at most {most // limits.MEGABYTE:,} MB are read."
        )


def _call(verb: str, source: Path, arguments: list[str]) -> dict[str, Any]:
    is_workbook = looks_like_workbook(source)
    seconds = limits.wall_seconds(source.stat().st_size, is_workbook)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "core.tables.sandbox", verb, str(source.resolve()), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        start_new_session=True,
        close_fds=True,
    )
    try:
        out, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise TableFileError(
            f"Reading the file took longer than {seconds:.0f} seconds. Save only the table, as CSV."
        ) from None
    finally:
        _end_group(process)
    return _answer(out, process.returncode)


def _environment() -> dict[str, str]:
    """Return what the reader needs of the environment: no secrets, one thread, the plain allocator."""
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "ROWSMITH_MAX_FILE_MB")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return environment | {
        "PYTHONPATH": str(_ROOT),
        "PYTHONUTF8": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the reader and its children, and take the pipes down."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _answer(out: bytes, return_code: int) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(out)
    except ValueError:
        answer = {}
    if "error" in answer:
        raise TableFileError(str(answer["error"]))
    if answer and return_code == 0:
        return answer
    if return_code == -signal.SIGXCPU:
        raise TableFileError("Reading the file took too long. Save only the table, as CSV.")
    if return_code < 0:
        raise TableFileError(
            "The file ended the process that read it, as damaged or hostile files do. Save the table as CSV."
        )
    raise TableFileError("The file could not be read. Save the table as CSV and try again.")


def main(arguments: list[str]) -> int:
    """Do what the command line says, and print the answer."""
    verb, source, *rest = arguments
    try:
        _limit_self(Path(source))
        answer = _VERBS[verb](Path(source), *rest)
    except AppError as error:
        answer = {"error": error.sentence}
    except MemoryError:
        answer = {"error": _TOO_MUCH_MEMORY}
    except BaseException as error:  # the workbook parser's panics are no Exception
        traceback.print_exc()
        answer = {"error": _sentence_of(error)}
    print(json.dumps(answer), flush=True)  # noqa: T201
    return 0


def _sentence_of(error: BaseException) -> str:
    if "alloc" in str(error).lower() or type(error).__name__ == "ArrowMemoryError":
        return _TOO_MUCH_MEMORY
    return "The file is damaged or of a kind that is not read. Save it again as CSV."


def _limit_self(source: Path) -> None:
    """Limit memory, computing time and what is written, before anything of the file is parsed."""
    import resource

    is_workbook = looks_like_workbook(source)
    seconds = int(limits.wall_seconds(source.stat().st_size, is_workbook))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.WRITTEN_TO_READ * limits.max_file_bytes(is_workbook),) * 2)
    memory = limits.WORKBOOK_MEMORY_BYTES if is_workbook else limits.OTHER_MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _read(source: Path, folder: str, options: str) -> dict[str, Any]:
    from core.tables.files.convert import convert_file

    report = convert_file(source, Path(folder), ReadOptions.from_dict(json.loads(options)))
    return {"rows": report.n_rows}


def _head(source: Path, folder: str, options: str) -> dict[str, Any]:
    from core.tables.files.head import read_head

    head = read_head(source, Path(folder), ReadOptions.from_dict(json.loads(options)))
    return {"names": head.names, "rows": head.rows}


def _sheets(source: Path) -> dict[str, Any]:
    from core.tables.files.workbook import visible_sheets

    return {"sheets": visible_sheets(source)}


_VERBS: dict[str, Callable[..., dict[str, Any]]] = {"read": _read, "head": _head, "sheets": _sheets}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
