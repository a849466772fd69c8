"""Distil: a smaller, faster student learns from a finished model, the teacher."""

import streamlit as st

from pages.shared.models import choose_run
from pages.shared.state import TRAIN_PAGE
from pages.shared.students import choose_student_table, student_request
from pages.shared.text import escape
from pages.shared.training import choose_device, no_table, run_name, start_button
from pages.shared.verdict import headline

st.title("Distil a model")
st.markdown("A small student learns to answer like a larger teacher: a smaller file, and faster predictions.")

teacher = choose_run("Teacher", "distil_teacher", ("train",))
if teacher is None:
    st.info("There is no finished model to learn from yet.", icon=":material/school:")
    st.page_link(TRAIN_PAGE, label="Train a model first", icon=":material/model_training:")
    st.stop()
target = teacher.request["config"]["target_column"]
st.caption(f"{headline(teacher.metrics or {})}. Target: {escape(target)}.")

dataset = choose_student_table(teacher)
if dataset is None:
    no_table("A student learns from one.")
    st.stop()

st.subheader("The student")
request = student_request(teacher, choose_device(f"distil_{teacher.id}"))
start_button("distil_start", "Start distilling", "distil", dataset, request, run_name(dataset, "Distilled"))
