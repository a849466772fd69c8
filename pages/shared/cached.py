"""What pages read again and again, kept by the table's id: the same id is always the same content."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from core.errors import DataError
from core.runs import datasets
from core.runs.preflight.devices import Devices, find_devices
from core.runs.preflight.sizes import TrainingSize, training_size
from core.runs.records import Dataset
from core.runs.requests import TrainRequest
from core.tables.infer import task_of_column
from core.tables.report import ReadReport
from core.workspace import Workspace
from pages.shared.state import get_store, get_workspace
from pages.shared.text import plural

HEAD_ROWS = 100


@dataclass(frozen=True)
class Outcome:
    """What a target column would be predicted as."""

    task: str
    n_distinct: int
    has_fractions: bool = False

    @property
    def doubt(self) -> str:
        """Say what to look at before training on this target, empty where there is nothing."""
        if self.n_distinct < 2:
            return "Every row has the same value, so there is nothing to learn: any model will look perfect."
        if self.task == "classification" and self.has_fractions:
            return "These categories are numbers with decimals. If they are measured, choose Number on the Train page."
        return ""

    @property
    def words(self) -> str:
        """Return the outcome in words: number, 2 categories."""
        return "number" if self.task == "regression" else plural(self.n_distinct, "category", "categories")


def read_report(dataset: Dataset) -> ReadReport:
    """Return how the table was read, and the profile of its columns."""
    return _report(get_workspace().home, dataset.id)


def read_head(dataset: Dataset) -> pd.DataFrame:
    """Return the first rows as they were read."""
    return _head(get_workspace().home, dataset.id)


def read_outcome(dataset: Dataset, target: str) -> Outcome:
    """Return what the target would be predicted as when the task is left to the app."""
    return _outcome(get_workspace().home, dataset.id, target)


def read_size(dataset: Dataset, request: TrainRequest, task: str) -> TrainingSize:
    """Return how large a training would be. Raises an AppError where it could not begin."""
    return _size(get_workspace().home, dataset.id, json.dumps(request.as_dict()), task)


@st.cache_data(ttl=60, show_spinner=False)
def devices() -> Devices:
    """Return what a training can run on, asked at most once a minute."""
    return find_devices()


@st.cache_data(max_entries=64, show_spinner=False)
def _report(home: Path, dataset_id: str) -> ReadReport:
    return datasets.read_report(Workspace(home), get_store().dataset(dataset_id))


@st.cache_data(max_entries=32, show_spinner=False)
def _head(home: Path, dataset_id: str) -> pd.DataFrame:
    return datasets.read_head(Workspace(home), get_store().dataset(dataset_id), HEAD_ROWS)


@st.cache_data(max_entries=64, show_spinner=False)
def _size(home: Path, dataset_id: str, request: str, task: str) -> TrainingSize:
    asked = TrainRequest.from_dict(json.loads(request))
    return training_size(Workspace(home), get_store().dataset(dataset_id), asked, task)


@st.cache_data(max_entries=256, show_spinner=False)
def _outcome(home: Path, dataset_id: str, target: str) -> Outcome:
    dataset, report = get_store().dataset(dataset_id), _report(home, dataset_id)
    profile = next((column for column in report.columns if column.name == target), None)
    if profile is None:
        raise DataError(f"The table has no column '{target}' any more. Choose another target.")
    task = task_of_column(profile, report.n_rows)
    is_number = profile.kind == "number"
    fractions = is_number and datasets.has_fractions(Workspace(home), dataset, target)
    return Outcome(task, profile.n_distinct, fractions)
