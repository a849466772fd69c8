"""Taking a table in: keep the file, have it read in a process of its own, and remember what was read.

datasets/<sha256>/original.csv             the file as it came
datasets/<sha256>/<reading>/table.parquet  one reading of it: one for each way of reading that was chosen
datasets/<sha256>/<reading>/report.json
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import AppError, RunError, TableFileError
from core.runs.records import Dataset, utc_now
from core.runs.store import Store
from core.tables.files import limits
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.report import ReadReport
from core.tables.sandbox import read_in_sandbox
from core.workspace import Workspace, disk_sentence, is_passing, sync, system_sentence

TABLE_NAME = "table.parquet"
REPORT_NAME = "report.json"

CHUNK_BYTES = 1 << 20
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


def add_table(
    workspace: Workspace,
    store: Store,
    source: Path | BinaryIO,
    name: str,
    options: ReadOptions = AUTOMATIC,
    is_sample: bool = False,
) -> Dataset:
    """Keep the file `name`, read it and return its table; the same file read alike gives the same table.

    Raises TableFileError in one sentence when it cannot be read, and then leaves nothing behind.
    """
    with _scratch_folder(workspace) as scratch:
        file_name = os.path.basename(name.replace("\\", "/")).strip() or "table"
        original = scratch / f"original{suffix_of(file_name)}"
        sha256 = spool(source, original)
        return keep_reading(
            workspace, store, original, scratch / "reading",
            file_name=file_name, sha256=sha256, options=options, is_sample=is_sample,
        )  # fmt: skip


def keep_reading(
    workspace: Workspace,
    store: Store,
    original: Path,
    scratch: Path,
    *,
    file_name: str,
    sha256: str,
    options: ReadOptions,
    is_sample: bool = False,
) -> Dataset:
    """Read the file `original` in `scratch`, move both to their place and return the table.

    Raises TableFileError in one sentence when it cannot be read.
    """
    known = _known_reading(workspace, store, sha256, options)
    if known is not None:
        return known
    report = _read(original, scratch, options)
    dataset = _describe(report, file_name=file_name, sha256=sha256, is_sample=is_sample)
    _keep(workspace, dataset, original, scratch)
    return store.add_dataset(dataset)


def read_again(workspace: Workspace, store: Store, dataset: Dataset, options: ReadOptions) -> Dataset:
    """Return the table that the same file gives when it is read with `options`, reading it if it is new.

    Raises TableFileError where it cannot be read so; the table that was there stays.
    """
    return add_table(
        workspace, store, original_of(workspace, dataset), dataset.file_name, options.checked(), dataset.is_sample
    )


def table_path(workspace: Workspace, dataset: Dataset) -> Path:
    """Return where the table lies as Parquet. Raises RunError when it is gone."""
    path = _reading_dir(workspace, dataset) / TABLE_NAME
    if not path.is_file():
        raise RunError(f"The file of the table '{dataset.name}' is missing: {path}. Add {dataset.file_name} again.")
    return path


def read_report(workspace: Workspace, dataset: Dataset) -> ReadReport:
    """Return how the table was read. Raises RunError when the report is gone or damaged."""
    path = _reading_dir(workspace, dataset) / REPORT_NAME
    try:
        return ReadReport.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refusal(dataset, error) from error


def read_head(workspace: Workspace, dataset: Dataset, n: int = 100) -> pd.DataFrame:
    """Return the first `n` rows of the table."""
    path = table_path(workspace, dataset)
    try:
        with pq.ParquetFile(path) as file:
            batches = file.iter_batches(batch_size=max(1, n))
            first = next(batches, None)
            table = pa.Table.from_batches([] if first is None else [first], file.schema_arrow)
    except (OSError, pa.ArrowException) as error:
        raise _refusal(dataset, error) from error
    head: pd.DataFrame = table.to_pandas()
    return head.head(n)


def has_fractions(workspace: Workspace, dataset: Dataset, column: str) -> bool:
    """Return whether any number of a column is not whole, looking at a part of the rows at a time."""
    try:
        with pq.ParquetFile(table_path(workspace, dataset)) as file:
            return any(_any_fraction(batch.column(0)) for batch in file.iter_batches(columns=[column]))
    except (OSError, pa.ArrowException, KeyError) as error:
        raise _refusal(dataset, error) from error


def _any_fraction(cells: pa.Array) -> bool:
    if pa.types.is_floating(cells.type):
        return bool(pc.any(pc.not_equal(pc.floor(cells), cells)).as_py())
    return pa.types.is_string(cells.type) and bool(pc.any(pc.match_substring_regex(cells, r"\.\d*[1-9]")).as_py())


def _refusal(dataset: Dataset, error: Exception) -> RunError:
    if isinstance(error, OSError) and is_passing(error):
        return RunError(system_sentence(error))
    return RunError(_damaged(dataset))


def _damaged(dataset: Dataset) -> str:
    return f"The files of the table '{dataset.name}' are missing or damaged. Add {dataset.file_name} again."


def _reading_dir(workspace: Workspace, dataset: Dataset) -> Path:
    return workspace.dataset_dir(dataset.sha256) / dataset.id


def original_of(workspace: Workspace, dataset: Dataset) -> Path:
    """Return the file that a table was read from. Raises RunError when it is gone."""
    found = next(workspace.dataset_dir(dataset.sha256).glob("original*"), None)
    if found is None:
        raise RunError(_damaged(dataset))
    return found


@contextmanager
def _scratch_folder(workspace: Workspace) -> Iterator[Path]:
    """Give a folder for what is not whole yet, and remove it whatever happens."""
    scratch = workspace.incoming / secrets.token_hex(8)
    try:
        scratch.mkdir(parents=True)
        yield scratch
    except OSError as error:
        raise RunError(disk_sentence(error, workspace.home)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def spool(source: Path | BinaryIO, target: Path, on_bytes: Callable[[int], None] | None = None) -> str:
    """Copy a file to disk piece by piece and return its SHA-256; `on_bytes` hears how many are there.

    Raises TableFileError for one that is larger than is read.
    """
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                return _copy_hashed(file, target, on_bytes)
        except FileNotFoundError as error:
            raise TableFileError(f"There is no file {source}.") from error
    source.seek(0)
    return _copy_hashed(source, target, on_bytes)


def _copy_hashed(file: BinaryIO, target: Path, on_bytes: Callable[[int], None] | None) -> str:
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as copy:
        while chunk := file.read(CHUNK_BYTES):
            size += len(chunk)
            check_size(size)
            digest.update(chunk)
            copy.write(chunk)
            if on_bytes is not None:
                copy.flush()
                on_bytes(size)
    return digest.hexdigest()


def check_size(size: int) -> None:
    """Raise TableFileError for a file of more bytes than are read."""
    limit = limits.max_file_bytes()
    if size > limit:
        raise TableFileError(
            f"The file is larger than {limit // limits.MEGABYTE:,} MB, the most that is read. "
            "Leave out rows or columns, or raise ROWSMITH_MAX_FILE_MB."
        )


def suffix_of(file_name: str) -> str:
    """Return the extension of a file's name, where it is a plain one."""
    suffix = Path(file_name).suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ""


def _known_reading(workspace: Workspace, store: Store, sha256: str, options: ReadOptions) -> Dataset | None:
    """Return the table that this file gave before, where that is known without reading it again."""
    dataset_id = _reading_id(sha256, options)
    if not store.has_dataset(dataset_id):
        return None
    dataset = store.dataset(dataset_id)
    folder = _reading_dir(workspace, dataset)
    whole = (folder / TABLE_NAME).is_file() and (folder / REPORT_NAME).is_file()
    return dataset if whole else None


def _read(original: Path, folder: Path, options: ReadOptions) -> ReadReport:
    folder.mkdir()
    try:
        return read_in_sandbox(original, folder, options)
    except AppError:
        raise
    except MemoryError as error:
        raise TableFileError("There is not enough memory to read this file.") from error


def _describe(report: ReadReport, *, file_name: str, sha256: str, is_sample: bool) -> Dataset:
    stem = Path(file_name).stem or file_name
    first_sheet = not report.sheets or report.sheet in (None, report.sheets[0])
    return Dataset(
        id=_reading_id(sha256, replace(report.options, sheet=report.sheet)),
        name=stem if first_sheet else f"{stem} · {report.sheet}",
        sha256=sha256,
        file_name=file_name,
        sheet=report.sheet,
        sheets=tuple(report.sheets),
        n_rows=report.n_rows,
        n_columns=report.n_columns,
        created_at=utc_now(),
        is_sample=is_sample,
    )


def _reading_id(sha256: str, options: ReadOptions) -> str:
    return hashlib.sha256(f"{sha256}\n{options.key}".encode()).hexdigest()[:16]


def _keep(workspace: Workspace, dataset: Dataset, original: Path, reading: Path) -> None:
    """Move file and reading to their place; what another thread put there meanwhile is as good."""
    folder = workspace.dataset_dir(dataset.sha256)
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.glob("original*")):
        sync(original)
        os.replace(original, folder / original.name)
    place = folder / dataset.id
    if not (place / TABLE_NAME).is_file() or not (place / REPORT_NAME).is_file():
        shutil.rmtree(place, ignore_errors=True)
        try:
            os.rename(reading, place)
        except OSError:
            if not (place / TABLE_NAME).is_file():
                raise
    sync(folder)
