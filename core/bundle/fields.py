"""One JSON object with a closed set of entries, read entry by entry with kinds and ranges."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from core.bundle.flaw import FlawError, shown

MAX_COUNT = 2**53


class Fields:
    """An object of a model file: exactly the entries `names`; a getter raises FlawError on a wrong one."""

    def __init__(self, value: object, where: str, names: Collection[str]) -> None:
        if not isinstance(value, dict):
            raise FlawError(f"{where} is {shown(value)} where an object belongs")
        for name in names:
            if name not in value:
                raise FlawError(f"{where} lacks the entry {name!r}")
        for name in value:
            if name not in names:
                raise FlawError(f"{where} has the unknown entry {shown(name)}")
        self._value = value
        self._where = where

    def raw(self, name: str) -> Any:
        """Return the entry as it is."""
        return self._value[name]

    def is_null(self, name: str) -> bool:
        """Return whether the entry says "none"."""
        return self._value[name] is None

    def where(self, name: str) -> str:
        """Return the place of the entry, for messages."""
        return f"{name!r} of {self._where}"

    def text(self, name: str) -> str:
        """Return a text."""
        value = self._value[name]
        if not isinstance(value, str):
            raise self._wrong(name, "a text")
        return value

    def choice(self, name: str, options: Collection[str]) -> str:
        """Return one of `options`."""
        value = self._value[name]
        if not isinstance(value, str) or value not in options:
            raise self._wrong(name, f"one of {', '.join(options)}")
        return value

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self._value[name]
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def whole(self, name: str, low: int = 0, high: int = MAX_COUNT) -> int:
        """Return a whole number from `low` to `high`."""
        value = self._value[name]
        if not _is_whole(value) or not low <= value <= high:
            raise self._wrong(name, f"{low:,}" if low == high else f"a whole number from {low:,} to {high:,}")
        return value  # type: ignore[no-any-return]

    def number(self, name: str) -> float:
        """Return a number."""
        value = self._value[name]
        if not _is_whole(value) and not isinstance(value, float):
            raise self._wrong(name, "a number")
        return value  # type: ignore[no-any-return]

    def number_or_none(self, name: str) -> float | None:
        """Return a number, or None where the entry says "none"."""
        return None if self.is_null(name) else self.number(name)

    def texts(self, name: str) -> list[str]:
        """Return a list of texts."""
        return self._list(name, str, "a list of texts")

    def counts(self, name: str) -> list[int]:
        """Return a list of whole numbers from 0."""
        values = self._list(name, int, "a list of counts")
        if any(isinstance(value, bool) or value < 0 for value in values):
            raise self._wrong(name, "a list of counts")
        return values

    def items(self, name: str) -> list[Any]:
        """Return a list of anything."""
        return self._list(name, object, "a list")

    def mapping(self, name: str) -> dict[str, Any]:
        """Return an object with entries of any name."""
        value = self._value[name]
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return value

    def _list(self, name: str, kind: type, wanted: str) -> list[Any]:
        values = self._value[name]
        if not isinstance(values, list) or not all(isinstance(value, kind) for value in values):
            raise self._wrong(name, wanted)
        return values

    def _wrong(self, name: str, wanted: str) -> FlawError:
        return FlawError(f"{self.where(name)} is {shown(self._value[name])}, not {wanted}")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
