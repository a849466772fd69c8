"""Awkward and hostile files, each with the table or the sentence that reading it must give."""

from __future__ import annotations

from tests.core.tables.cases.archives import ARCHIVES
from tests.core.tables.cases.columnar import PARQUET
from tests.core.tables.cases.control import CONTROL
from tests.core.tables.cases.dates import DATES
from tests.core.tables.cases.encodings import ENCODINGS
from tests.core.tables.cases.gaps import KNOWN_GAPS
from tests.core.tables.cases.handmade import HANDMADE
from tests.core.tables.cases.headers import HEADERS
from tests.core.tables.cases.kept import KEPT
from tests.core.tables.cases.lying import LYING
from tests.core.tables.cases.numbers import IDS, MISSING, NUMBERS
from tests.core.tables.cases.opendocument import OPENDOCUMENT
from tests.core.tables.cases.ragged import RAGGED
from tests.core.tables.cases.separators import SEPARATORS
from tests.core.tables.cases.tiny import HUGE, TINY
from tests.core.tables.cases.workbooks import WORKBOOKS

__all__ = ["CASES", "KNOWN_GAPS"]

CASES = [
    *ENCODINGS, *SEPARATORS, *HEADERS, *RAGGED, *NUMBERS, *IDS, *MISSING, *DATES, *CONTROL, *TINY, *HUGE, *LYING,
    *WORKBOOKS, *HANDMADE, *OPENDOCUMENT, *ARCHIVES, *PARQUET,
    *KEPT,
]  # fmt: skip
