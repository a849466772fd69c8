"""How a command tells what it does and what came of it: a bar, lines for people, or one JSON object."""

from __future__ import annotations

import json
import logging
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from core.errors import AppError
from core.steps.quickstart import defer_compiler

FAILED = 1
INTERRUPTED = 130  # as shells have it for Ctrl+C


def carry_out(
    work: Callable[[], Mapping[str, Any]], lines: Callable[[Mapping[str, Any]], list[str]], as_json: bool
) -> None:
    """Do `work` and print what it returns: as `lines`, or as JSON with the notices that were logged.

    An AppError, a missing file and a full disk are one sentence on the error output, or `error` in the JSON,
    and exit code 1. What is no error of the user's keeps its traceback.
    """
    try:
        defer_compiler()
        with _notices() as notices:
            found = dict(work())
    except (AppError, OSError) as error:
        _fail(error.sentence if isinstance(error, AppError) else _system_words(error), as_json)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    found["notices"] = list(dict.fromkeys([*found.get("notices", []), *notices]))
    if as_json:
        typer.echo(json.dumps(_plain(found), ensure_ascii=False, allow_nan=False))
        return
    for line in lines(found):
        typer.echo(line)
    for notice in found["notices"]:
        typer.echo(f"Note: {notice}", err=True)


@dataclass(frozen=True)
class Bar:
    """A bar: `move` brings it to a count, with words beside it, `say` prints a line above it."""

    move: Callable[[float, str], None]
    say: Callable[[str], None]


@contextmanager
def progress_bar(what: str, total: float, as_json: bool) -> Iterator[Bar]:
    """Give a bar on the error output; it shows nothing for JSON or into a file."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[words]}"),
    )  # fmt: skip
    is_hidden = as_json or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=is_hidden) as progress:
        task = progress.add_task(what, total=total, words="")
        yield Bar(
            lambda done, words: progress.update(task, completed=done, words=words),
            lambda line: None if is_hidden else progress.console.print(line, markup=False, highlight=False),
        )


def _fail(sentence: str, as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"error": sentence}, ensure_ascii=False))
    else:
        typer.echo(sentence, err=True)
    raise typer.Exit(FAILED)


def _system_words(error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and error.errno is None:
        return str(error)  # our own sentence
    return f"{error.strerror or error}: {error.filename}." if error.filename else f"{error.strerror or error}."


@contextmanager
def _notices() -> Iterator[list[str]]:
    """Collect what is logged as a warning, which is said at the end."""
    collected: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            collected.append(record.getMessage())

    logger, handler = logging.getLogger("core"), Collector(logging.WARNING)
    logger.addHandler(handler)
    was, logger.propagate = logger.propagate, False
    try:
        yield collected
    finally:
        logger.removeHandler(handler)
        logger.propagate = was


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)
