"""The frame around every page: title, icon and logo, and the sentence for what went wrong inside."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.errors import AppError
from core.workspace import system_sentence
from pages.shared.text import escape

ASSETS = Path(__file__).resolve().parents[2] / "assets"


def show_frame() -> None:
    """Set the page up, and draw the logo."""
    icon = _picture("icon.svg")
    st.set_page_config(page_title="Rowsmith", page_icon=icon, layout="wide", initial_sidebar_state=220)
    st.logo(_picture("logo.svg"), size="large", icon_image=icon)


def show_error(error: AppError | OSError) -> None:
    """Say what went wrong where no page has said it better."""
    sentence = error.sentence if isinstance(error, AppError) else system_sentence(error)
    st.error(escape(sentence), icon=":material/error:")


@st.cache_resource(show_spinner=False)
def _picture(name: str) -> str:
    """Return a drawing, read once: no page should fail because a file cannot be opened at this moment."""
    return (ASSETS / name).read_text("utf-8")
