"""Characters that nobody sees."""

from __future__ import annotations

from tests.core.tables.cases.case import table

LONG = "x" * 100

CONTROL = [
    table("a bell", f"a,b\nx\x07y{LONG},1\n", {"a": [f"x\x07y{LONG}"], "b": [1]}),
    table("a vertical tab", f"a,b\nx\x0by{LONG},1\n", {"a": [f"x\x0by{LONG}"], "b": [1]}),
    table("a form feed", f"a,b\nx\x0cy{LONG},1\n", {"a": [f"x\x0cy{LONG}"], "b": [1]}),
    table("an escape", f"a,b\n\x1b[31mx{LONG},1\n", {"a": [f"\x1b[31mx{LONG}"], "b": [1]}),
    table("a file separator", f"a,b\nx\x1cy{LONG},1\n", {"a": [f"x\x1cy{LONG}"], "b": [1]}),
    table("the unit separator in one column", f"a\nx\x1fy{LONG}\nz{LONG}\n", {"a": [f"x\x1fy{LONG}", f"z{LONG}"]}),
    table(
        "the record separator as the last row", f'a,b\n"{LONG}",1\n\x1e,\x1e\n', {"a": [LONG, "\x1e"], "b": [1, None]}
    ),
    table("a delete character", "a,b\nx\x7fy,1\n", {"a": ["x\x7fy"], "b": [1]}),
    table("a blank of no width in a cell", "a,b\nx\u200by,1\n", {"a": ["x\u200by"], "b": [1]}),
    table("a soft hyphen", "a,b\nx\u00ady,1\n", {"a": ["x\u00ady"], "b": [1]}),
    table("a mark of direction", "a,b\n\u202ex,1\n", {"a": ["\u202ex"], "b": [1]}),
    table("no-break spaces around numbers", "a,b\n\u00a01,x\n2\u00a0,y\n", {"a": [1, 2], "b": ["x", "y"]}),
    table("a private character", "a,b\n\ue000,1\n\U0010ffff,2\n", {"a": ["\ue000", "\U0010ffff"], "b": [1, 2]}),
]
