"""Long names in little room: cut for the eye, and still told apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pages.shared.text import escape

LONGEST = 60
_PLAIN_WORDS = re.compile(r"[^\W_]+(?:[ _-][^\W_]+)*")


def widget_label(name: str) -> str:
    """Return a column's name as a widget's label (Markdown), as it is where nothing in it could be read as more.

    Screen readers read a label without rendering it, backslashes included.
    """
    short = cut(name)
    return short if _PLAIN_WORDS.fullmatch(short) else escape(short)


def cut(text: str, longest: int = LONGEST) -> str:
    """Return a text of at most `longest` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def cut_all(texts: Sequence[str], longest: int = LONGEST) -> dict[str, str]:
    """Return each text with its cut label; labels that would be the same, or another's whole text, are numbered."""
    labels: dict[str, str] = {}
    taken = {text for text in texts if len(text) <= longest}
    for text in texts:
        label, copy = cut(text, longest), 1
        while label in taken and label != text:
            copy += 1
            label = f"{cut(text, longest)} ({copy})"
        taken.add(label)
        labels[text] = label
    return labels
