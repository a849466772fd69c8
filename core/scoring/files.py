"""Scores a whole table: the user's own columns, untouched and in order, then the model's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import torch

from core.scoring.rows import Chunk, FrameRows, RowSource
from core.scoring.scorer import ScoredChunk, Scorer, Scoring, added_columns
from core.scoring.summary import sheets_of
from core.scoring.write import CsvStyle, TableWriter, open_writer
from core.tables.read import frame_of
from core.types import ModelBundle

__all__ = ["ScoredTable", "added_columns", "score_frame", "score_rows"]

TYPED_SUFFIXES = (".xlsx", ".parquet")  # files whose cells have a type

OnRows = Callable[[int], object]


@dataclass(frozen=True)
class ScoredTable:
    """What was written: so many rows, with the columns of the table and `added` ones behind them.

    `notices` say what reading and writing changed.
    """

    n_rows: int
    columns: tuple[str, ...]
    added: tuple[str, ...]
    scoring: Scoring
    notices: tuple[str, ...] = ()
    is_stopped: bool = False


def score_rows(
    bundle: ModelBundle,
    source: RowSource,
    paths: Sequence[Path],
    *,
    renames: Mapping[str, str] | None = None,
    device: str | torch.device | None = None,
    style: CsvStyle | None = None,
    n_threads: int = 1,
    on_rows: OnRows | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ScoredTable:
    """Write the rows of `source` with their predictions to each of `paths`, by its extension.

    Rows out = rows in, in their order; where `should_stop` ends it early, nothing is written. `on_rows` gets the
    number of rows done after each chunk. `style` is that of text files; without it, the style of the source.
    `n_threads` predict at once, and torch uses one thread in each of them.
    Raises DataError for a table with none of the model's columns, and for more rows than a workbook holds, and
    DiskError.
    """
    scorer = Scorer(bundle, source.names, renames or {}, device)
    is_typed = [path.suffix.lower() in TYPED_SUFFIXES for path in paths]
    schemas = {typed: _with(source.schema(typed=typed), scorer.added) for typed in set(is_typed)}
    is_stopped = False
    with _writers(paths, [schemas[typed] for typed in is_typed], style or source.style) as writers:
        chunks = source.chunks(scorer.used_columns, typed=any(is_typed))
        for chunk, predicted in _predicted(scorer, chunks, n_threads):
            if should_stop is not None and should_stop():
                is_stopped = True
                break
            added = scorer.take(predicted)
            for writer, typed in zip(writers, is_typed, strict=True):
                own = chunk.typed if typed else chunk.own
                writer.write(pa.RecordBatch.from_arrays([*own.columns, *added.columns], schema=schemas[typed]))
            if on_rows is not None:
                on_rows(scorer.n_rows)
        scoring = scorer.result()
        said: list[str] = []
        if not is_stopped:
            sheets = sheets_of(bundle, scoring) if any(path.suffix.lower() == ".xlsx" for path in paths) else {}
            for writer in writers:
                said += writer.finish(sheets)
    notices = tuple(dict.fromkeys([*source.notices, *said]))
    return ScoredTable(scorer.n_rows, source.names, tuple(scorer.added.names), scoring, notices, is_stopped)


def score_frame(
    bundle: ModelBundle,
    frame: pd.DataFrame,
    device: str | torch.device | None = None,
    *,
    renames: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, Scoring]:
    """Return `frame` with the added columns behind its own, and what is known of it."""
    scorer = Scorer(bundle, [str(name) for name in frame.columns], renames or {}, device)
    chunks = FrameRows(frame).chunks(scorer.used_columns, typed=False)
    parts = [scorer.score(chunk.frame) for chunk in chunks]
    added = frame_of(pa.Table.from_batches(parts, scorer.added))
    return pd.concat([frame.reset_index(drop=True), added], axis=1), scorer.result()


def _predicted(scorer: Scorer, chunks: Iterator[Chunk], n_threads: int) -> Iterator[tuple[Chunk, ScoredChunk]]:
    """Yield the chunks in order with their predictions; a few are worked on ahead."""
    if n_threads < 2:
        yield from ((chunk, scorer.predict(chunk.frame)) for chunk in chunks)
        return
    with _one_thread_each(), ThreadPoolExecutor(n_threads) as pool:
        ahead: deque[tuple[Chunk, Future[ScoredChunk]]] = deque()
        try:
            for chunk in chunks:
                ahead.append((chunk, pool.submit(scorer.predict, chunk.frame)))
                if len(ahead) > n_threads:
                    done, future = ahead.popleft()
                    yield done, future.result()
            while ahead:
                done, future = ahead.popleft()
                yield done, future.result()
        finally:
            for _, future in ahead:
                future.cancel()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def _with(own: pa.Schema, added: pa.Schema) -> pa.Schema:
    return pa.schema([*own, *added])


@contextmanager
def _writers(paths: Sequence[Path], schemas: Sequence[pa.Schema], style: CsvStyle) -> Iterator[list[TableWriter]]:
    """Open a writer for each path; nothing of what they wrote stays unless they are finished."""
    opened: list[TableWriter] = []
    try:
        for path, schema in zip(paths, schemas, strict=True):
            opened.append(open_writer(path, schema, style))
        yield opened
    finally:
        for writer in opened:
            writer.abandon()  # does nothing where it was finished
