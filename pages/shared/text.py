"""How names, numbers, times and states are written on a page."""

from __future__ import annotations

import math
import re
from datetime import datetime

from core.insight.words import number

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_SHORTCODE = re.compile(r":(?=[\w+/-]+:)")
_WORD_JOINER = "\u2060"


def escape(text: object) -> str:
    """Return somebody else's text such that Markdown, LaTeX and Streamlit's directives leave it alone.

    A backslash before punctuation is enough for Markdown. Shortcodes such as `:smile:` are looked
    for after Markdown was read; an invisible word joiner behind their first colon undoes them.
    """
    plain = _SHORTCODE.sub(f":{_WORD_JOINER}", _INVISIBLE.sub(" ", str(text)))
    return _PUNCTUATION.sub(r"\\\1", plain)


def file_stem(text: str) -> str:
    """Return a name that every file system takes, made from a label."""
    kept = re.sub(r"[^\w.-]+", "_", text).strip("._")
    return kept[:80] or "table"


def count(value: int) -> str:
    """Write a whole number with thousands separators."""
    return f"{value:,}"


def plural(value: int, noun: str, many: str | None = None) -> str:
    """Write a number with its noun: 1 row, 2,400 rows."""
    return f"{count(value)} {noun if value == 1 else many or noun + 's'}"


def percent(share: float | None) -> str:
    """Write a share as a percentage with one decimal."""
    return "–" if share is None or not math.isfinite(share) else f"{100 * share:.1f} %"


def size(n_bytes: float) -> str:
    """Write a number of bytes in the unit that reads best."""
    for unit in ("B", "kB", "MB"):
        if n_bytes < 1000:
            return f"{number(n_bytes)} {unit}"
        n_bytes /= 1000
    return f"{number(n_bytes)} GB"


def duration(seconds: float | None) -> str:
    """Write a duration as 0:42, 1:10 or 1:02:05."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def when(moment: datetime) -> str:
    """Write a moment in this machine's time, short enough for a run's name."""
    return f"{moment.astimezone():%-d %b %H:%M}"
