"""The row in the form of one model: what it holds and where it came from, as the session keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from core.scoring.form import form_columns, typical_row
from core.serialization import BundleSummary
from core.types import ColumnSchema, InputSchema
from pages.shared.models import Model
from pages.shared.text import file_stem


@dataclass(frozen=True)
class Origin:
    """The row of a table that the form was filled with; `truth` is its outcome, empty where it has none."""

    row: int
    truth: str
    was_trained_on: bool
    missing: tuple[str, ...]


@dataclass(frozen=True)
class RowForm:
    """The form of one model. What is in it lies in the session, apart from that of other models."""

    model: Model
    summary: BundleSummary
    schema: InputSchema

    def key(self, part: object) -> str:
        """Return the key of a part of the form in the session."""
        return f"predict_row_{file_stem(self.model.path.parent.name)}_{part}"

    @property
    def columns(self) -> tuple[ColumnSchema, ...]:
        """Return the columns that have a field."""
        return form_columns(self.schema)

    @property
    def cells(self) -> dict[str, Any]:
        """Return what each column holds: a number, a text, a date or a time, None for nothing."""
        cells: dict[str, Any] = st.session_state[self.key("cells")]
        return cells

    @property
    def origin(self) -> Origin | None:
        """Return where the row came from; None for a typical row."""
        known = st.session_state[self.key("origin")]
        return Origin(**known) if known else None

    @property
    def is_changed(self) -> bool:
        """Return whether a field was changed since the form was filled."""
        return bool(st.session_state[self.key("changed")])

    def begin(self) -> None:
        """Fill the form with a typical row where there is none in it yet."""
        if self.key("cells") not in st.session_state:
            self.fill(typical_row(self.schema))

    def fill(self, cells: Mapping[str, Any], origin: Origin | None = None) -> None:
        """Put a row into the form."""
        st.session_state[self.key("cells")] = dict(cells)
        st.session_state[self.key("origin")] = asdict(origin) if origin else None
        st.session_state[self.key("changed")] = False

    def take(self, name: str, value: Any) -> None:
        """Put what was typed into a field into the row, and make it the field of the curve."""
        self.cells[name] = value
        st.session_state[self.key("changed")] = True
        st.session_state[self.key("field")] = name
