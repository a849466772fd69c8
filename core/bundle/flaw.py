"""What is wrong with a model file, as a clause; `core.serialization` makes the sentence of it."""

from __future__ import annotations


class FlawError(ValueError):
    """Something in a model is not as the format wants it; the text fits behind "cannot be used: "."""


def shown(value: object, longest: int = 60) -> str:
    """Return a value out of a file as a short quotation of printable ASCII."""
    text = f"a list of {len(value):,}" if isinstance(value, (list, dict)) else ascii(value)
    return text if len(text) <= longest else f"{text[:longest]}…"
