"""Dates in text files stay as they are written; the report says that they look like dates."""

from __future__ import annotations

from tests.core.tables.cases.case import Case
from tests.core.tables.cases.numbers import column


def day(name: str, *texts: str) -> Case:
    return column(name, list(texts), list(texts), kind=("text", 0))


DATES = [
    day("iso dates", "2010-02-05", "2010-12-31"),
    day("iso moments", "2010-02-05T18:30:00Z", "2010-02-05T18:30:00+01:00"),
    day("moments with a blank", "2010-02-05 18:30", "2010-02-06 00:00"),
    day("days first with points", "05.02.2010", "31.12.2010"),
    day("months first with slashes", "2/5/2010", "12/31/2010"),
    day("two digits for the year", "05.02.10", "31.12.10"),
    day("names of months", "5 Feb 2010", "31 Dec 2010"),
    day("months first in words, with commas", "Feb 5, 2010", "Dec 31, 2010"),
    day("what Excel made of 1-2", "01-Feb", "02-Mar"),
    day("clock times in text", "12:30", "08:15"),
    day("days that do not exist", "30.02.2010", "31.04.2010"),
    day("years alone with an s", "1990s", "2000s"),
    column("dates in one number", ["20100205", "20101231"], [20100205, 20101231], kind=("number", 0)),
    column("years", ["1999", "2010"], [1999, 2010], kind=("number", 0)),
    column("days and months alone", ["05.02", "31.12"], ["05.02", "31.12"]),
    column("a month and a year", ["01.2010", "12.2010"], ["01.2010", "12.2010"]),
]
