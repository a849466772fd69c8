"""The sizes of an added mode's network, as a model file claims them: in bounds before anything is built of them."""

from __future__ import annotations

from core.bundle.fields import Fields
from core.bundle.flaw import FlawError
from core.networks.shape import AddedShape, FrontShape

MAX_COLUMNS = 2_000_000  # as many as a network has inputs
MAX_LEVELS = 10_000_000  # of all columns of texts together
MAX_ENCODINGS = 64
MAX_MEMBERS = 256
MAX_EMBEDDED, MAX_BINS, MAX_EMBEDDING = 1_024, 64, 64  # they take memory before they are read


def parse_shape(value: object, where: str) -> AddedShape:
    """Return the sizes in `value`, or raise FlawError."""
    fields = Fields(value, where, tuple(AddedShape.__dataclass_fields__))
    shape = AddedShape(
        front=_front(fields),
        k=fields.whole("k", 1, MAX_MEMBERS),
        d_embedding=fields.whole("d_embedding", 0, MAX_EMBEDDING),
        bins=tuple(fields.counts("bins")),
    )
    if len(shape.bins) != (shape.front.n_numbers if shape.d_embedding else 0) or len(shape.bins) > MAX_EMBEDDED:
        raise FlawError(f"{fields.where('bins')} are {len(shape.bins):,}, which is not how many numbers are embedded")
    if not all(2 <= count <= MAX_BINS for count in shape.bins):
        raise FlawError(f"{fields.where('bins')} are not all from 2 to {MAX_BINS}")
    n_inputs = shape.front.n_numbers + shape.front.n_binary
    if not 1 <= n_inputs <= MAX_COLUMNS:
        raise FlawError(f"{where} makes {n_inputs:,} inputs, not from 1 to {MAX_COLUMNS:,}")
    return shape


def _front(outer: Fields) -> FrontShape:
    fields = Fields(outer.raw("front"), outer.where("front"), tuple(FrontShape.__dataclass_fields__))
    levels = tuple(fields.counts("levels"))
    if sum(levels) > MAX_LEVELS or not all(levels):
        raise FlawError(f"{fields.where('levels')} are not all above 0 and {MAX_LEVELS:,} together at most")
    return FrontShape(
        numbers=fields.whole("numbers", 0, MAX_COLUMNS),
        gaps=fields.whole("gaps", 0, MAX_COLUMNS),
        flags=fields.whole("flags", 0, MAX_COLUMNS),
        codes=fields.whole("codes", 0, MAX_COLUMNS),
        levels=levels,
        encodings=fields.whole("encodings", 1, MAX_ENCODINGS),
    )
