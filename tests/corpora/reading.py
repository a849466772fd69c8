"""Read many files, each by a reader of its own, and note how each reading ended."""

from __future__ import annotations

import re
import resource
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

from core.errors import TableFileError
from core.tables.report import ReadReport
from core.tables.sandbox import read_in_sandbox
from tests.corpora.sentences import faults_of

Ending = Literal["read", "refused", "died", "traceback", "late"]

AT_ONCE = 2
PROMISED_SECONDS = 90
_TRACEBACK = b"Traceback (most recent call last)"
_NO_MEMORY = re.compile(rb"memory allocation of \d+ bytes failed|capacity overflow|bad_alloc|out of memory")


@dataclass(frozen=True)
class Outcome:
    """How the reading of one file ended.

    `sentence` is the refusal. `died_of` says how the reader ended where it was not by itself. `faults`
    are sentences, of a refusal or of a notice, that are none, with what is wrong. `tables` is where the
    table and its report lie.
    """

    path: Path
    name: str  # within the folder of the corpora
    ending: Ending
    seconds: float
    peak_bytes: int
    sentence: str = ""
    died_of: str = ""
    explained: bool = True
    faults: tuple[str, ...] = ()
    tables: Path | None = None
    report: ReadReport | None = field(default=None, repr=False)

    @property
    def folder(self) -> str:
        """Return the first folder that the file lies in."""
        return self.name.split("/")[0] if "/" in self.name else "."

    @property
    def kind(self) -> str:
        """Return the ending of the file's name, without those of compression."""
        return self.path.suffix.lower().lstrip(".") or "none"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        report = self.report
        return {
            "name": self.name,
            "ending": self.ending,
            "seconds": round(self.seconds, 3),
            "peak_bytes": self.peak_bytes,
            "sentence": self.sentence,
            "died_of": self.died_of,
            "explained": self.explained,
            "faults": list(self.faults),
            "table": report and {
                "kind": report.kind,
                "rows": report.n_rows,
                "columns": [[column.name, column.kind] for column in report.columns][:20],
                "encoding": report.encoding,
                "separator": report.separator,
                "quote": report.quote,
                "decimal": report.decimal,
                "header_row": report.header_row,
                "notices": list(report.notices),
            },
        }  # fmt: skip


class _Watched(subprocess.Popen[bytes]):
    """A process whose last words and end are kept."""

    said = b""
    code = 0

    def communicate(self, *arguments: Any, **more: Any) -> tuple[bytes, bytes]:
        out, said = super().communicate(*arguments, **more)
        _Watched.said, _Watched.code = said, self.returncode
        return out, said


def files_in(folder: Path, every: int = 1) -> list[Path]:
    """Return each `every`th file under `folder`, in order, without its README."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / "README.md")[::every]


def read_all(folder: Path, paths: Sequence[Path], scratch: Path) -> Iterator[Outcome]:
    """Read each of `paths`, two at a time, into folders of their own in `scratch`; yield what is done."""
    jobs = [(path, path.relative_to(folder).as_posix(), scratch / str(i)) for i, path in enumerate(paths)]
    context = get_context("fork")
    with context.Pool(AT_ONCE, initializer=_watch, maxtasksperchild=1) as pool:  # one reader each: its memory alone
        yield from pool.imap_unordered(_read, jobs)


def _watch() -> None:
    setattr(subprocess, "Popen", _Watched)  # noqa: B010 - in this process only, to hear what the reader says


def _read(job: tuple[Path, str, Path]) -> Outcome:
    path, name, tables = job
    tables.mkdir()
    report, sentence = None, ""
    started = time.monotonic()
    try:
        report = read_in_sandbox(path, tables)
    except TableFileError as error:
        sentence = error.sentence
    seconds = time.monotonic() - started
    sentences = [sentence] if report is None else report.notices
    died_of, explained = _death()
    return Outcome(
        path=path,
        name=name,
        ending=_ending(report is not None, died_of, seconds),
        seconds=seconds,
        peak_bytes=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        sentence=sentence,
        died_of=died_of,
        explained=explained,
        faults=tuple(f"{one!r} {', '.join(wrong)}" for one in sentences if (wrong := faults_of(one))),
        tables=tables if report else None,
        report=report,
    )


def _ending(is_read: bool, died_of: str, seconds: float) -> Ending:
    if seconds > PROMISED_SECONDS:
        return "late"
    if died_of:
        return "died"
    if _TRACEBACK in _Watched.said:
        return "traceback"
    return "read" if is_read else "refused"


def _death() -> tuple[str, bool]:
    """Return what ended the reader, where it was a signal, and whether that was for want of memory or time."""
    if _Watched.code >= 0:
        return "", True
    words = _Watched.said.decode("utf-8", "replace").strip().splitlines()
    last = words[-1][:200] if words else ""
    is_explained = bool(_NO_MEMORY.search(_Watched.said))
    return f"signal {-_Watched.code}: {last}", is_explained
