"""The settings of a student: smaller than its teacher, judged on the rows its teacher was judged on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.modes import mode_words
from core.runs.records import Dataset, Run
from core.runs.requests import DistilRequest
from core.types import STUDENT_MODES
from pages.shared.settings import NETWORK_SETTINGS, number_settings
from pages.shared.tables import earlier_tables, table_words

TRAINING_SETTINGS = ("epochs", "batch_size", "learning_rate", "validation_size", "early_stopping_patience")
MODE_TITLES = {mode: mode_words(mode).title for mode in STUDENT_MODES}
INHERITED = ("target_column", "test_size", "random_seed")


def choose_student_table(teacher: Run) -> Dataset | None:
    """Draw the choice of the table to learn from: the teacher's own, unless another is chosen."""
    tables = {dataset.id: dataset for dataset in earlier_tables()}
    if not tables:
        return None
    ids = list(tables)
    chosen = st.selectbox(
        "Table", ids, index=ids.index(teacher.dataset_id) if teacher.dataset_id in tables else 0,
        format_func={key: table_words(table) for key, table in tables.items()}.get, key=f"distil_table_{teacher.id}",
        persist_state="session", help="The teacher's own table, or another with the same columns.",
    )  # fmt: skip
    return tables[chosen]


def student_starts(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return half the teacher's width, one layer less, a little more dropout."""
    return {
        "hidden_dim": max(16, int(config.get("hidden_dim", 128)) // 2),
        "num_hidden_layers": max(1, int(config.get("num_hidden_layers", 2)) - 1),
        "dropout": min(0.5, float(config.get("dropout", 0.1)) + 0.05),
    }


def student_request(teacher: Run, device: str | None) -> DistilRequest:
    """Draw the student's settings; return what is to be asked for."""
    key, asked = f"distil_{teacher.id}", teacher.request
    mode = st.segmented_control(
        "Kind of network", list(STUDENT_MODES), format_func=MODE_TITLES.get, required=True,
        default=STUDENT_MODES[0], key=f"{key}_mode", persist_state="session", wrap=True,
    )  # fmt: skip
    network = number_settings(key, NETWORK_SETTINGS, student_starts(asked["config"]))
    left, right = st.columns(2)
    temperature = left.number_input(
        "Temperature", 0.1, 20.0, 2.5, 0.5, format="%.1f", key=f"{key}_temperature", persist_state="session",
        help="How much of the teacher's doubt between categories is passed on. 1 passes on its plain probabilities.",
    )  # fmt: skip
    alpha = right.number_input(
        "Weight of the true outcome (alpha)", 0.0, 1.0, 0.5, 0.1, format="%.2f", key=f"{key}_alpha",
        persist_state="session", help="0 learns from the teacher alone, 1 from the table alone.",
    )  # fmt: skip
    with st.expander("Advanced settings", icon=":material/tune:"):
        settings = number_settings(f"{key}_more", TRAINING_SETTINGS, {})
        st.caption("Test rows and seed are the teacher's, so that both are judged on rows neither has seen.")
    inherited = {name: asked["config"][name] for name in INHERITED if name in asked["config"]}
    return DistilRequest(
        config={**inherited, **settings, "training_mode": mode, "restore_best": True},
        teacher_run=teacher.id,
        teacher_file=None,
        excluded=tuple(asked.get("excluded") or ()),
        dates=tuple(asked.get("dates") or ()),
        device=device,
        temperature=temperature,
        alpha=alpha,
        student_hidden_dim=network["hidden_dim"],
        student_num_hidden_layers=network["num_hidden_layers"],
        student_dropout=network["dropout"],
    )
