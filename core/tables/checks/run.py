"""All checks of a table for one question."""

from __future__ import annotations

from pathlib import Path

from core.tables.checks.check import Check, State
from core.tables.checks.classes import check_rare, check_spelling
from core.tables.checks.columns import check_levels, check_missing_shares
from core.tables.checks.copies import check_contradictions, check_duplicates
from core.tables.checks.followed import check_followed
from core.tables.checks.hidden import check_hidden_missing, check_marked_dates
from core.tables.checks.kept import check_kept_words
from core.tables.checks.leaks import check_leaks, check_presence
from core.tables.checks.order import check_order
from core.tables.checks.question import Question
from core.tables.checks.spread import check_spread
from core.tables.checks.target import check_missing_target, check_size, check_target
from core.tables.checks.view import load_view
from core.tables.report import ReadReport
from core.tables.understand.table import understand

FIRST: tuple[State, ...] = ("look", "fixed", "passed")


def run_checks(table_path: Path, report: ReadReport, question: Question) -> tuple[Check, ...]:
    """Return every check of the Parquet table at `table_path`, those to look at first."""
    noticed = report.suggestions or understand(table_path, report)
    view = load_view(table_path, report, question, noticed)
    checks = (
        check_leaks(view),
        check_presence(view),
        check_target(view),
        check_missing_target(view),
        check_order(view),
        check_hidden_missing(view),
        check_kept_words(view),
        check_duplicates(view),
        check_contradictions(view),
        check_rare(view),
        check_spelling(view),
        check_spread(view),
        *check_followed(view),
        check_marked_dates(view),
        check_levels(view),
        check_missing_shares(view),
        check_size(view),
    )
    return tuple(sorted(checks, key=lambda check: FIRST.index(check.state)))
