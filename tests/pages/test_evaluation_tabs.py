"""The tabs of a finished run: each is drawn alone, from what is stored, and the address brings it back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MODEL = "pages/use/model.py"


def test_a_finished_model_is_taken_away_in_a_tab_of_its_own(browser, trained):
    browser.open(MODEL, run=trained.id, model_tab="Take away")
    assert browser.app.download_button[0].label.startswith("Download the model (")
    assert [button.label for button in browser.app.button if button.key == "model_predict"] == ["Predict with it"]
    assert not browser.app.metric  # only the open tab is drawn


def test_the_receipt_of_a_run_adds_up_to_its_table(browser, trained, churn_frame):
    browser.open(MODEL, run=trained.id, model_tab="Data receipt")
    rows, columns = (table.value for table in browser.app.dataframe[-2:])
    assert rows["Count"].sum() == len(churn_frame)
    assert columns["Column"].tolist() == list(churn_frame.columns)
    assert columns.set_index("Column").loc["customer_id", "Became"] == "Left out by choice"


def test_all_tabs_are_drawn_without_torch_and_scikit_learn(home, trained):
    code = f"""
import json, sys
from streamlit.testing.v1 import AppTest
for tab in ("Overview", "Evaluate", "Explain", "Data receipt", "Take away"):
    app = AppTest.from_file("app.py", default_timeout=30)
    app.switch_page("pages/use/model.py")
    app.query_params.update({{"run": {trained.id!r}, "model_tab": tab}})
    app.run()
    assert not app.exception, app.exception
    assert app.tabs, tab
print("\\n" + json.dumps(sorted({{name.split(".")[0] for name in sys.modules}} & {{"torch", "sklearn"}})))
"""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.strip().splitlines()[-1]) == []
