"""Predict: for a file, for rows pasted from Excel, or for one row in a form; predictions go back into a spreadsheet."""

import streamlit as st

from core.errors import AppError
from pages.shared.live import show_log, watch
from pages.shared.models import choose_model, model_words, summary_now
from pages.shared.pasted import paste_panel
from pages.shared.rowform import row_panel
from pages.shared.scoring import file_panel, show_predictions
from pages.shared.state import get_store, set_current
from pages.shared.text import escape

st.title("Predict")

if job_id := st.query_params.get("job"):
    try:
        job = get_store().run(job_id)
    except AppError as error:
        st.error(escape(error.sentence), icon=":material/error:")
        job = None
    if st.button("Predict for something else", icon=":material/arrow_back:", key="predict_back"):
        set_current("job", None)
        st.rerun()
    if job is None:
        st.stop()
    st.caption(f"{escape(job.name)} · with {escape(job.request.get('bundle_label', ''))}")
    if job.is_active:
        watch(job.id)
    elif job.results:
        show_predictions(job)
    else:
        st.error(escape(job.message or f"{job.state_words}."), icon=":material/error:")
        show_log(job.id)
    st.stop()

model = choose_model()
if model is None:
    st.stop()
try:
    summary = summary_now(model)
except AppError as error:
    st.error(escape(error.sentence), icon=":material/error:")
    st.stop()
st.markdown(model_words(summary))
if summary.schema is None:
    st.info("This model file does not say which columns it needs. Predict with the run that made it.")
    st.stop()

way = st.segmented_control(
    "From", ["A file", "Pasted rows", "One row"], default="A file", required=True, key="predict_way",
    persist_state="session", label_visibility="collapsed",
)  # fmt: skip
if way == "A file":
    file_panel(model, summary.schema)
elif way == "Pasted rows":
    paste_panel(model, summary.schema)
else:
    row_panel(model, summary, summary.schema)
