"""The sizes of an added mode's network, as a model file claims them: in bounds before anything is built of them."""

from __future__ import annotations

from collections.abc import Collection

from core.bundle.fields import Fields
from core.bundle.flaw import FlawError
from core.networks.shape import FAMILIES, AddedShape, BlendShape, FrontShape
from core.types import TIMED_MODE

MAX_COLUMNS = 2_000_000  # as many as a network has inputs
MAX_LEVELS = 10_000_000  # of all columns of texts together
MAX_ENCODINGS = 64
MAX_MEMBERS, MAX_BLENDED = 256, 128
MAX_EMBEDDED, MAX_BINS, MAX_EMBEDDING = 1_024, 64, 64  # they take memory before they are read
MAX_EMBEDDINGS = 10_000_000  # of all members


def parse_shape(value: object, where: str, mode: str) -> AddedShape | BlendShape:
    """Return the sizes in `value` of a network of an added mode, or raise FlawError."""
    if mode != TIMED_MODE:
        return parse_network(value, where, (mode,))
    members = Fields(value, where, ("members",)).items("members")
    if not 1 <= len(members) <= MAX_BLENDED:
        raise FlawError(f"{where} has {len(members):,} members, not from 1 to {MAX_BLENDED}")
    shape = BlendShape(tuple(parse_network(member, f"a member of {where}", FAMILIES) for member in members))
    if sum(sum(member.bins) * member.d_embedding for member in shape.members) > MAX_EMBEDDINGS:
        raise FlawError(f"the embeddings of {where} are larger than {MAX_EMBEDDINGS:,} numbers together")
    return shape


def parse_network(value: object, where: str, families: Collection[str]) -> AddedShape:
    """Return the sizes in `value` of one network, of one of `families`, or raise FlawError."""
    if isinstance(value, dict):
        value = {"family": "tabm", "on_log": False, **value}  # which the first models of these modes do not say
    fields = Fields(value, where, tuple(AddedShape.__dataclass_fields__))
    family = fields.choice("family", families)
    shape = AddedShape(
        front=_front(fields),
        k=fields.whole("k", 1, MAX_MEMBERS if family == "tabm" else 1),
        d_embedding=fields.whole("d_embedding", 0, MAX_EMBEDDING if family == "tabm" else 0),
        bins=tuple(fields.counts("bins")),
        family=family,  # type: ignore[arg-type]
        on_log=fields.flag("on_log"),
    )
    if shape.on_log and family != "tabm":
        raise FlawError(f"{fields.where('on_log')} is set, which a network of the kind {family} cannot be")
    n_binned = shape.front.n_numbers if shape.d_embedding else 0
    if len(shape.bins) != n_binned or len(shape.bins) > MAX_EMBEDDED:
        raise FlawError(f"{fields.where('bins')} are {len(shape.bins):,}, which is not how many numbers are embedded")
    if not all(2 <= count <= MAX_BINS for count in shape.bins):
        raise FlawError(f"{fields.where('bins')} are not all from 2 to {MAX_BINS}")
    n_inputs = shape.front.n_numbers + shape.front.n_binary
    if not 1 <= n_inputs <= MAX_COLUMNS:
        raise FlawError(f"{where} makes {n_inputs:,} inputs, not from 1 to {MAX_COLUMNS:,}")
    return shape


def _front(outer: Fields) -> FrontShape:
    value = outer.raw("front")
    if isinstance(value, dict):
        value = {"values": [], **value}  # which the first models of these modes lack
    fields = Fields(value, outer.where("front"), tuple(FrontShape.__dataclass_fields__))
    levels, values = (_levels(fields, name) for name in ("levels", "values"))
    return FrontShape(
        numbers=fields.whole("numbers", 0, MAX_COLUMNS),
        gaps=fields.whole("gaps", 0, MAX_COLUMNS),
        flags=fields.whole("flags", 0, MAX_COLUMNS),
        codes=fields.whole("codes", 0, MAX_COLUMNS),
        levels=levels,
        encodings=fields.whole("encodings", 1, MAX_ENCODINGS),
        values=values,
    )


def _levels(fields: Fields, name: str) -> tuple[int, ...]:
    levels = tuple(fields.counts(name))
    if sum(levels) > MAX_LEVELS or not all(levels):
        raise FlawError(f"{fields.where(name)} are not all above 0 and {MAX_LEVELS:,} together at most")
    return levels
