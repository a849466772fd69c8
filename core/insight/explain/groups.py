"""Which encoded features belong to which column of the user's table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.encoding import features_in
from core.errors import DataError
from core.scoring.predict import schema_of
from core.tables.dates import date_feature_names
from core.types import ColumnSchema, ModelBundle

Groups = dict[str, NDArray[np.intp]]


def column_groups(bundle: ModelBundle, columns: Sequence[str] = ()) -> Groups:
    """Return for each input column, in the file's order, the indices of its encoded features.

    Each feature belongs to one column. A column of which the network learned nothing has none. `columns` are
    those of the table, which tell where a name like `a=b=c` is cut for a bundle without a schema.
    Raises DataError (a ValueError) for a vectorizer that does not name its features.
    """
    features = features_in(bundle.vectorizer)
    if len(features) != bundle.input_dim:
        raise DataError("This model does not say which column its inputs come from, so it cannot be explained.")
    owners = _owners(bundle, features, columns)
    groups: dict[str, list[int]] = {name: [] for name in _inputs(bundle)}
    for index, owner in enumerate(owners):
        groups.setdefault(owner, []).append(index)
    return {name: np.array(indices, dtype=np.intp) for name, indices in groups.items()}


def _inputs(bundle: ModelBundle) -> tuple[str, ...]:
    schema = schema_of(bundle)
    return () if schema is None else schema.feature_columns


def _owners(bundle: ModelBundle, features: Sequence[str], columns: Sequence[str]) -> list[str]:
    schema = schema_of(bundle)
    separator = str(getattr(bundle.vectorizer, "separator", "="))
    if schema is None:
        return [_owner_by_name(feature, separator, columns) for feature in features]
    whole = {column.name: column.name for column in schema.by_role("feature") if column.kind != "text"}
    for name, date_format in schema.date_formats.items():
        whole |= dict.fromkeys(date_feature_names(name, date_format), name)
    texts = {column.name: column for column in schema.by_role("feature") if column.kind in ("text", "mixed")}
    known = {name: {text for text, _ in column.categories} for name, column in texts.items()}
    return [whole.get(feature) or _owner_of_level(feature, separator, texts, known) for feature in features]


def _owner_of_level(feature: str, separator: str, texts: dict[str, ColumnSchema], known: dict[str, set[str]]) -> str:
    """Return the column of a feature `column=text`, where both may hold the separator.

    A column that has the text comes first, then one whose texts are not all listed, then the longest name.
    """
    cuts = [cut for cut in _cuts(feature, separator) if cut[0] in texts]
    listed = [name for name, text in cuts if text in known[name]]
    unlisted = [name for name, _ in cuts if texts[name].categories_cut]
    return next(iter([*listed, *unlisted, *(name for name, _ in cuts)]), feature.split(separator, maxsplit=1)[0])


def _owner_by_name(feature: str, separator: str, columns: Sequence[str]) -> str:
    names = [feature, *(name for name, _ in _cuts(feature, separator))]
    return next((name for name in names if name in columns), names[-1])


def _cuts(feature: str, separator: str) -> list[tuple[str, str]]:
    """Return the ways to cut a feature into a column and a text, the longest column first."""
    parts = feature.split(separator)
    ends = range(len(parts) - 1, 0, -1)
    return [(separator.join(parts[:end]), separator.join(parts[end:])) for end in ends]
