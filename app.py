"""The router and the frame: page settings, logo, navigation, and the last net for errors."""

from pathlib import Path

import streamlit as st

from core.errors import AppError
from pages.shared.text import escape

ASSETS = Path(__file__).parent / "assets"

st.set_page_config(page_title="Rowsmith", page_icon=ASSETS / "icon.svg", layout="wide", initial_sidebar_state=220)
st.logo(ASSETS / "logo.svg", size="large", icon_image=ASSETS / "icon.svg")

page = st.navigation(
    {
        "Build": [
            st.Page("pages/build/data.py", title="Data", icon=":material/table:", url_path="data", default=True),
            st.Page("pages/build/train.py", title="Train", icon=":material/model_training:", url_path="train"),
            st.Page("pages/build/distil.py", title="Distil", icon=":material/compress:", url_path="distil"),
        ],
        "Use": [
            st.Page("pages/use/runs.py", title="Runs", icon=":material/history:", url_path="runs"),
            st.Page("pages/use/model.py", title="Model", icon=":material/show_chart:", url_path="model"),
            st.Page("pages/use/predict.py", title="Predict", icon=":material/query_stats:", url_path="predict"),
        ],
    }
)

try:
    page.run()
except AppError as error:
    st.error(escape(error.sentence), icon=":material/error:")
