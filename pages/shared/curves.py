"""The curves of runs, kept by the server: whoever looks, only new epochs are read from the store."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from core.runs.records import Epoch
from core.runs.store import Store


@dataclass
class GrowingCurve:
    """The curve of one run as it was last read: the epochs of the store, in order and without a gap."""

    epochs: Sequence[Epoch] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, store: Store, run_id: str) -> Sequence[Epoch]:
        """Return the curve with what has come since; all of it again where a resumed run has replaced some."""
        with self._lock:
            known = self.epochs
            fresh = store.epochs(run_id, after=known[-1].epoch - 1) if known else []
            is_continued = bool(fresh) and repr(fresh[0]) == repr(known[-1])  # NaN is not equal to itself
            if not is_continued:
                self.epochs = store.epochs(run_id)
            elif len(fresh) > 1:
                self.epochs = [*known, *fresh[1:]]
            return self.epochs


def read_epochs(store: Store, run_id: str) -> Sequence[Epoch]:
    """Return the whole curve of a run as it is now; it is everybody's, so nobody changes it."""
    return _curve_of(store.workspace.home, run_id).read(store, run_id)


@st.cache_resource(max_entries=32, show_spinner=False)
def _curve_of(home: Path, run_id: str) -> GrowingCurve:
    return GrowingCurve()
