"""The router, and the last net for errors."""

import streamlit as st

from core.errors import AppError
from pages.shared.frame import show_error, show_frame

try:
    show_frame()
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
    page.run()
except (AppError, OSError) as error:
    show_error(error)
