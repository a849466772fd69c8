"""What a sentence for the analyst is: one line of plain words, with nothing of the program in it."""

from __future__ import annotations

import re

MAX_CHARS = 300

_QUOTED = re.compile(r"'.*?'(?=[\s.,;:)]|$)", re.DOTALL)  # names and cells are somebody else's text
_FAULTS = {
    "is not one line": re.compile(r"[\x00-\x1f\x7f\u2028\u2029]"),
    "names an exception": re.compile(
        r"\w(?:Error|Exception|Panic|Interrupt)\b|Traceback|[Ee]rrno|\([A-Z][a-z]+[A-Z]\w*\)"
    ),
    "shows code": re.compile(r"<(?:class|function|module)\b|0x[0-9a-fA-F]{6}|\b(?:None|True|False)\b|\w+\(\)|__\w+"),
    "names a path": re.compile(r"(?:^|[\s(\"])/[\w.-]+/[\w./-]*|\b[A-Z]:\\|\.py\b"),
}


def faults_of(sentence: str) -> list[str]:
    """Return what keeps `sentence` from being one that an analyst can be shown; nothing for a good one."""
    plain = _QUOTED.sub("…", sentence)
    faults = [what for what, pattern in _FAULTS.items() if pattern.search(plain)]
    if "is not one line" not in faults and _FAULTS["is not one line"].search(sentence):
        faults.append("is not one line")
    if not sentence.endswith("."):
        faults.append("does not end with a full stop")
    if not sentence[:1].isupper() and sentence[:1] not in ("'", '"'):
        faults.append("does not begin like a sentence")
    if len(sentence) > MAX_CHARS:
        faults.append(f"is longer than {MAX_CHARS} characters")
    return faults


def shape_of(sentence: str) -> str:
    """Return `sentence` without its numbers and names, so that like ones can be counted together."""
    return re.sub(r"\d[\d,.]*\d|\d", "N", re.sub(r"'[^']*'", "'…'", sentence))
