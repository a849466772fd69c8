"""What the model cannot use of a table is counted and said, column by column."""

from __future__ import annotations

import pandas as pd

from core.scoring.cells import cell_notes
from core.types import ColumnSchema, DateFormat, InputSchema

SCHEMA = InputSchema(
    (
        ColumnSchema("id", "excluded", "text"),
        ColumnSchema("when", "date", "date", date_format=DateFormat("day_first")),
        ColumnSchema("area", "feature", "number"),
        ColumnSchema("town", "feature", "text", categories=(("Ulm", 5), ("Bonn", 2))),
        ColumnSchema("street", "feature", "text", categories=(("A", 1),), categories_cut=True),
    )
)


def test_cells_that_fit_are_not_mentioned() -> None:
    frame = pd.DataFrame({"when": ["05-02-2010", ""], "area": ["12.5", "NA"], "town": ["Ulm", None], "id": ["?", "!"]})
    assert cell_notes(SCHEMA, frame) == ()


def test_each_kind_of_unusable_cell_is_counted_with_its_first_row_and_text() -> None:
    frame = pd.DataFrame(
        {
            "when": ["05-02-2010", "yesterday", "02/25/2010"],
            "area": [3, "2,572", "8,106"],
            "town": ["Ulm", "ulm", "Bonn"],
            "street": ["B", "C", "D"],
        },
        index=[7, 8, 9],
    )
    assert cell_notes(SCHEMA, frame) == (
        "Column 'when': 2 cells are no readable date, and counted as missing, the first in row 2: 'yesterday'.",
        "Column 'area': 2 cells are no number, and counted as missing, the first in row 2: '2,572'.",
        "Column 'town': 1 cell is a value that training never saw, and counted as none of the known ones, "
        "the first in row 2: 'ulm'.",
    )


def test_codes_are_compared_as_texts_of_codes() -> None:
    codes = ColumnSchema("store", "feature", "text", categories=(("1", 5), ("007", 2)), is_categorical=True)
    many = ColumnSchema("shelf", "feature", "text", categories=(("1", 5),), categories_cut=True, is_categorical=True)
    none = ColumnSchema("aisle", "feature", "empty", is_categorical=True)
    schema = InputSchema((codes, many, none))
    frame = pd.DataFrame({"store": [1, "1.0", None, "007"], "shelf": [1, 2, 3, 4], "aisle": [1, 2, 3, 4]})
    assert cell_notes(schema, frame) == ()
    assert cell_notes(schema, pd.DataFrame({"store": [7.0, 1.0, 8.0]})) == (
        "Column 'store': 2 cells are a value that training never saw, and counted as none of the known ones, "
        "the first in row 1: '7'.",
    )


def test_a_table_without_rows_has_no_notes() -> None:
    assert cell_notes(SCHEMA, pd.DataFrame({"area": pd.Series([], dtype=object)})) == ()
