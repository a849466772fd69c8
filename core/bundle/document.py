"""JSON that nobody vouches for: bounded, plain ASCII, every key once, every number finite.

Size, depth and the number of values are measured on the bytes, before a parser builds anything.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from core.bundle.flaw import FlawError, shown

MAX_DEPTH = 12
MAX_CONTAINERS = 120_000
MAX_ENTRIES = 10_000  # of all objects together; lists are cheaper

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_CHUNK = 1 << 20
_LONG_NUMBER = re.compile(rb"[0-9.eE+-]{33,}+")


def render_document(value: Mapping[str, Any]) -> bytes:
    """Return a mapping of plain values as the JSON that `parse_document` takes."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError) as error:
        raise FlawError("one of its values is neither a text nor a finite number nor a list of them") from error


def parse_document(data: bytes, name: str, max_values: int) -> Any:
    """Return the value in the JSON `data` of the member `name`, or raise FlawError."""
    if not data.isascii():
        raise FlawError(f"its {name} is not JSON in plain ASCII")
    _check_bulk(data, name, max_values)
    try:
        value = json.loads(
            data.decode("ascii"),
            object_pairs_hook=lambda pairs: _object(pairs, name),
            parse_constant=lambda text: _refuse_constant(text, name),
            parse_float=lambda text: _number(text, name),
        )
    except json.JSONDecodeError as error:
        raise FlawError(f"its {name} is not JSON from character {error.pos:,} on") from error
    if _SURROGATE.search(data):
        _check_text(value, name)
    return value


def first_duplicate(values: Iterable[str]) -> str | None:
    """Return the first value that occurs again, or None where each occurs once."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def _check_bulk(data: bytes, name: str, max_values: int) -> None:
    outside_strings = _outside_strings(data)
    brackets = outside_strings.translate(None, _NOT_BRACKETS)
    if len(brackets) > 2 * MAX_CONTAINERS:
        raise FlawError(f"its {name} holds far more lists than a model needs")
    if outside_strings.count(b",") > max_values:
        raise FlawError(f"its {name} holds far more values than a model needs")
    if outside_strings.count(b":") > MAX_ENTRIES:
        raise FlawError(f"its {name} holds far more entries than a model needs")
    long_number = _LONG_NUMBER.search(outside_strings)
    if long_number is not None:
        raise FlawError(f"its {name} holds a number of {len(long_number[0]):,} digits, beyond every range")
    depth = _depth(brackets)
    if depth > MAX_DEPTH:
        raise FlawError(f"its {name} is nested {depth:,} levels deep where {MAX_DEPTH} are allowed")


def _outside_strings(data: bytes) -> bytes:
    """Return the bytes that are in no string, but for quotation marks; where JSON ends to be JSON, any."""
    data = data.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    kept, inside = [], False
    for start in range(0, len(data), _CHUNK):
        letters = np.frombuffer(data, dtype=np.uint8, count=min(_CHUNK, len(data) - start), offset=start)
        in_string = np.logical_xor.accumulate(letters == ord('"')) ^ inside
        kept.append(letters[~in_string].tobytes())
        inside = bool(in_string[-1])
    return b"".join(kept)


def _depth(brackets: bytes) -> int:
    opening = np.isin(np.frombuffer(brackets, dtype=np.uint8), np.frombuffer(b"[{", dtype=np.uint8))
    return int(np.cumsum(np.where(opening, 1, -1)).max(initial=0))


def _object(pairs: list[tuple[str, Any]], name: str) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = first_duplicate([key for key, _ in pairs])
        raise FlawError(f"its {name} gives {shown(twice)} more than once")
    return found


def _refuse_constant(text: str, name: str) -> Any:
    raise FlawError(f"its {name} holds {text}, which is not a finite number")


def _number(text: str, name: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise FlawError(f"its {name} holds {shown(text)}, which is not a finite number")
    return number


def _check_text(value: Any, name: str) -> None:
    if isinstance(value, str):
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise FlawError(f"its {name} holds half a character (a lone surrogate) in {shown(value)}")
    elif isinstance(value, list):
        for item in value:
            _check_text(item, name)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key, name)
            _check_text(item, name)
