"""Checks of the features by their sizes: columns with very many levels, and columns that are mostly empty."""

from __future__ import annotations

from core.tables.checks.check import Action, Check
from core.tables.checks.view import TableView
from core.tables.report import ColumnProfile
from core.tables.understand.phrases import joined, listed, percent, plural, quoted, verb

MANY_LEVELS = 1_000
FEW_ROWS_A_LEVEL = 5.0
SOME_LEVELS = 50
BYTES_A_CELL = 20  # float64, its scaled copy and the float32 tensor, as core.encoding counts them
MUCH_MEMORY = 1_000_000_000
MEGABYTE = 1_000_000
MOSTLY, HARDLY = 0.5, 0.95
MOST_SHOWN = 4


def check_levels(view: TableView) -> Check:
    """Look for columns that become very many, and say what they would cost."""
    levels = {name: _n_levels(view, view.profiles[name]) for name in view.features}
    known = {one.column for one in view.noticed("id", "row_number", "free_text", "date")}
    many = sorted(
        (name for name in levels if name not in known and _are_many(view, name, levels[name])),
        key=lambda name: -levels[name],
    )
    width = sum(max(1, n) for n in levels.values())
    n_bytes = width * view.n_rows * BYTES_A_CELL
    whole = f"the table becomes {plural(width, 'column')} wide and takes about {_memory(n_bytes)}"
    if not many:
        return Check(
            "many_levels",
            "passed",
            "No column has very many categories",
            f"With every category a column of its own, {whole}.",
        )
    parts = [
        f"{quoted(name)} has {levels[name]:,} categories ({_filled(view, name) / levels[name]:.1f} rows each)"
        for name in many[:MOST_SHOWN]
    ]
    heavy = f"; {whole}" if n_bytes > MUCH_MEMORY else ""
    return Check(
        "many_levels", "look", f"{listed(many)} {verb(len(many), 'has', 'have')} very many categories",
        f"{joined(parts, len(many) - MOST_SHOWN)}, each a column of its own of which little can be learned, and new "
        f"rows will bring categories never seen{heavy}.",
        tuple(many), (), Action("leave_out", tuple(many)),
    )  # fmt: skip


def check_missing_shares(view: TableView) -> Check:
    """Look for features that are mostly empty."""
    shares = {
        name: view.profiles[name].n_missing / max(1, view.n_rows)
        for name in view.features
        if view.profiles[name].kind != "empty"
    }
    mostly = sorted((name for name in shares if shares[name] > MOSTLY), key=lambda name: -shares[name])
    if not mostly:
        worst = max(shares, key=lambda name: shares[name], default="")
        evidence = f"The emptiest is {quoted(worst)} with {percent(shares[worst])}." if worst else "There is none."
        return Check("mostly_missing", "passed", "No column is mostly empty", evidence)
    hardly = tuple(name for name in mostly if shares[name] > HARDLY)
    parts = [f"{quoted(name)} {percent(shares[name])}" for name in mostly[:MOST_SHOWN]]
    return Check(
        "mostly_missing", "look", f"{plural(len(mostly), 'column')} {verb(len(mostly), 'is', 'are')} mostly empty",
        f"Missing are {joined(parts, len(mostly) - MOST_SHOWN)}; empty cells are filled with a usual value, which says "
        "nothing, so that such a column can be learned from only where it is filled in.",
        tuple(mostly), (), Action("leave_out", hardly) if hardly else None,
    )  # fmt: skip


def _n_levels(view: TableView, profile: ColumnProfile) -> int:
    """Return the categories that a column is encoded as, 0 for a number or a date."""
    if profile.name in view.question.dates:
        return 0
    if profile.name in view.question.categories:
        return profile.n_distinct
    return profile.n_distinct if profile.kind in ("text", "mixed") else 0


def _are_many(view: TableView, name: str, n_levels: int) -> bool:
    return n_levels > MANY_LEVELS or (n_levels > SOME_LEVELS and _filled(view, name) < FEW_ROWS_A_LEVEL * n_levels)


def _filled(view: TableView, name: str) -> int:
    return view.n_rows - view.profiles[name].n_missing


def _memory(n_bytes: int) -> str:
    return f"{n_bytes / MEGABYTE / 1000:,.1f} GB" if n_bytes > MUCH_MEMORY else f"{max(1, n_bytes // MEGABYTE):,} MB"
