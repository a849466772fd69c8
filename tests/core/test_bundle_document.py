"""The strict JSON reader against Python's own: what is sound comes back, the bounds hold, strings count as strings."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bundle.document import MAX_DEPTH, parse_document, render_document
from core.bundle.flaw import FlawError

TRICKY = ('"[[[["', "\\", '\\"', "]}", 'a\\\\"{', "🧵")
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(TRICKY)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(value=st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_is_written_is_read_again(value: dict[str, object]) -> None:
    data = render_document(value)
    if depth(value) <= MAX_DEPTH:
        assert parse_document(data, "x.json", 1000) == value
    else:
        with pytest.raises(FlawError, match="levels deep"):
            parse_document(data, "x.json", 1000)


@settings(max_examples=300, deadline=None)
@given(data=st.text(st.sampled_from('[]{}":,\\ 01aeu-.\n'), max_size=30))
def test_what_python_does_not_read_is_a_flaw(data: str) -> None:
    try:
        expected = json.loads(data)
    except ValueError:
        with pytest.raises(FlawError):
            parse_document(data.encode(), "x.json", 1000)
        return
    try:
        found = parse_document(data.encode(), "x.json", 1000)
    except FlawError as flaw:
        found = str(flaw)
        assert "more than once" in found or "levels deep" in found or "finite" in found
        return
    assert found == expected


@pytest.mark.parametrize("levels", [MAX_DEPTH, MAX_DEPTH + 1])
def test_the_depth_is_counted_outside_of_strings(levels: int) -> None:
    data = b"[" * levels + b'"[[[[\\"[[[[\\\\"' + b"]" * levels
    if levels <= MAX_DEPTH:
        assert depth(parse_document(data, "x.json", 10)) == MAX_DEPTH
    else:
        with pytest.raises(FlawError, match=f"nested {levels} levels"):
            parse_document(data, "x.json", 10)


def test_a_long_document_is_measured_across_its_chunks() -> None:
    data = b'["' + b"[" * 3_000_000 + b'",[["' + b'\\"' * 600_000 + b'"]]]'
    assert parse_document(data, "x.json", 10)[1][0][0] == '"' * 600_000


def depth(value: object) -> int:
    """Return how deep lists and objects are nested."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)
