"""Predicting with a trained bundle: for rows, and for whole tables. Its parts load torch only when used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.scoring.predict import predict_proba_rows

__all__ = ["predict_proba_rows"]


def __getattr__(name: str) -> Any:
    """Import `predict_proba_rows`, and with it torch, when it is first asked for (PEP 562)."""
    if name in __all__:
        from core.scoring import predict

        return getattr(predict, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
