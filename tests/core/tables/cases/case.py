"""One awkward file and what must come of it: a table, cell by cell, or one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.tables.options import AUTOMATIC, ReadOptions

Content = str | bytes | Callable[[], bytes]
Cells = Sequence[object]


@dataclass(frozen=True)
class Case:
    """What is in the file, and what must come of it.

    `columns` are the names with their cells, None for missing, each of the exact type that is
    expected: 1 is a whole number and 1.0 a float. `sentence` is the whole refusal instead. `said`
    are pieces that must stand in the notices, and `kinds` what the report must call columns, with
    the number of their missing cells. `options` are the choices it is read under. A case that may end its
    reader is read `in_child`.
    """

    name: str
    content: Content
    columns: Mapping[str, Cells] | None = None
    sentence: str = ""
    said: tuple[str, ...] = ()
    kinds: Mapping[str, tuple[str, int]] | None = None
    in_child: bool = False
    options: ReadOptions = AUTOMATIC

    @property
    def bytes(self) -> bytes:
        """The content of the file; text in UTF-8."""
        content = self.content() if callable(self.content) else self.content
        return content.encode() if isinstance(content, str) else content


def table(
    name: str,
    content: Content,
    columns: Mapping[str, Cells],
    *said: str,
    kinds: Mapping[str, tuple[str, int]] | None = None,
    in_child: bool = False,
    options: ReadOptions = AUTOMATIC,
) -> Case:
    """Return a case that must be read as `columns`, and said to be in the notices."""
    return Case(name, content, columns, said=said, kinds=kinds, in_child=in_child, options=options)


def refused(name: str, content: Content, sentence: str, *, in_child: bool = False) -> Case:
    """Return a case that must be refused with exactly `sentence`."""
    return Case(name, content, sentence=sentence, in_child=in_child)
