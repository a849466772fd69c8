"""The commands are run as a user runs them: what they write, print and return, and a sentence for each mistake."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from core.cli import app
from core.modes import network_title
from core.serialization import inspect_bundle

ROOT = Path(__file__).resolve().parents[3]
CHURN = ROOT / "assets" / "samples" / "customer_churn.csv"
ROLES = ("--exclude", "customer_id", "--date", "signup_date")
QUICK = ("--epochs", "3", "--hidden-dim", "16")


def rowsmith(*arguments: str | Path, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "core.cli", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """Return the folder of a model, and what training it printed as JSON."""
    folder = tmp_path_factory.mktemp("model")
    done = rowsmith("train", CHURN, "--target", "churned", *ROLES, *QUICK, "-o", folder, "--json")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_training_prints_one_object_and_leaves_a_model_with_its_figures(trained):
    folder, said = trained
    assert (folder / "model.rowsmith").is_file()
    assert said["model"] == str(folder / "model.rowsmith")
    assert said["classes"] == ["no", "yes"]
    assert said["metrics"] == json.loads((folder / "metrics.json").read_text())
    assert said["metrics"]["epochs_run"] == 3
    assert said["metrics"]["n_validation"] == 288  # the app's recommended share
    assert said["notices"] == []


def test_training_says_how_good_the_model_is_beside_simpler_ways(trained):
    folder, said = trained
    document = json.loads((folder / "evaluation.json").read_text())
    assert [side["name"] for side in said["beside"]] == ["network", "guess", "linear", "boosting"]
    assert said["beside"] == document["sides"]
    assert document["figures"]["accuracy"] == pytest.approx(said["metrics"]["test_metric_value"])
    assert said["headline"].startswith(f"Right for {100 * document['figures']['accuracy']:.1f} %")
    assert len(said["verdicts"]) == 3
    assert inspect_bundle(folder / "model.rowsmith").calibration.level == 0.9


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_predictions_come_back_behind_the_users_own_columns(trained, tmp_path, suffix):
    rows = pd.read_csv(CHURN, dtype=str).head(40).drop(columns="churned")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / f"answers{suffix}"
    done = rowsmith("predict", trained[0] / "model.rowsmith", tmp_path / "rows.csv", "-o", out)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"40 rows predicted.\nThey are in {out}\n"
    if suffix == ".xlsx":
        header, *body = openpyxl.load_workbook(out).active.iter_rows(values_only=True)
    else:
        frame = pd.read_csv(out)
        header, body = tuple(frame.columns), frame.values.tolist()
    added = (
        "churned_prediction", "churned_probability_no", "churned_probability_yes", "churned_possible", "row_status",
        "row_notes",
    )  # fmt: skip
    assert tuple(header) == (*rows.columns, *added)
    assert [row[0] for row in body] == rows["customer_id"].tolist()
    assert all(row[-6] in ("no", "yes") and abs(row[-5] + row[-4] - 1) < 1e-6 for row in body)
    assert {row[-3] for row in body} <= {"no", "yes", "no | yes"}


def test_what_did_not_fit_is_told_and_a_renamed_column_can_be_named(trained, tmp_path):
    rows = pd.read_csv(CHURN, dtype=str).head(3).rename(columns={"plan": "tariff"})
    rows.loc[1, "tariff"] = "unheard of"
    rows.to_csv(tmp_path / "rows.csv", index=False)
    model = trained[0] / "model.rowsmith"
    done = rowsmith("predict", model, tmp_path / "rows.csv", "--rename", "plan=tariff", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["predictions"] == str(tmp_path / "rows_predictions.csv")
    plan = next(column for column in said["contract"]["columns"] if column["name"] == "plan")
    assert (plan["source"], plan["issues"][0]["kind"], plan["issues"][0]["first_row"]) == ("tariff", "unseen", 2)
    assert said["truth"]["n"] == 3
    notes = pd.read_csv(tmp_path / "rows_predictions.csv")["row_notes"]
    assert "plan: 'unheard of' was never seen in training" in notes[1]
    for rename, sentence in (("plan=x", "The table has no column 'x' to take for 'plan'"), ("plan", "two columns")):
        wrong = rowsmith("predict", model, tmp_path / "rows.csv", "--rename", rename)
        assert (wrong.returncode, sentence in wrong.stderr) == (1, True)


def test_a_student_is_distilled(trained, tmp_path):
    teacher = trained[0] / "model.rowsmith"
    done = rowsmith("distill", CHURN, "--teacher", teacher, *ROLES, "--epochs", "2", "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    first, *verdicts, tested, _, last = done.stdout.splitlines()
    assert first.startswith("Right for ")
    assert len(verdicts) == 3
    assert " guessing " in verdicts[0]
    assert tested.startswith("Test accuracy 0.")
    assert last == f"The model is {tmp_path / 'model.rowsmith'}"
    assert (tmp_path / "model.rowsmith").stat().st_size < teacher.stat().st_size


def test_the_accurate_network_is_trained_and_teaches_a_student(tmp_path):
    settings = ("--mode", "tabm", "--validation-size", "0", "--patience", "0")
    done = rowsmith("train", CHURN, "--target", "churned", *ROLES, *QUICK, *settings, "-o", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["metrics"]["n_validation"] == 288  # which it cannot do without
    teacher = tmp_path / "model.rowsmith"
    done = rowsmith("distill", CHURN, "--teacher", teacher, *ROLES, "--epochs", "3", "-o", tmp_path / "s", "--json")
    assert done.returncode == 0, done.stderr
    student = inspect_bundle(tmp_path / "s" / "model.rowsmith")
    assert student.record.config["training_mode"] == "mlp_dense"
    assert (student.record.config["hidden_dim"], student.record.config["num_hidden_layers"]) == (16, 1)


def test_a_blend_is_trained_for_its_time_and_tells_of_each_network(tmp_path):
    pd.read_csv(CHURN, dtype=str).head(300).to_csv(tmp_path / "rows.csv", index=False)
    command = [sys.executable, "-m", "core.cli", "train", str(tmp_path / "rows.csv"), "--target", "churned", *ROLES]
    command += ["--mode", "auto", "--time-budget", "4", "--hidden-dim", "16", "-o", str(tmp_path / "m")]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TERM": "xterm", "COLUMNS": "200"}
    screen, terminal = pty.openpty()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=terminal, text=True)
    os.close(terminal)
    shown = "".join(iter(lambda: read_screen(screen), ""))
    out, _ = process.communicate(timeout=60)
    os.close(screen)
    assert process.returncode == 0, shown
    board = json.loads((tmp_path / "m" / "metrics.json").read_text())["leaderboard"]
    assert shown.count(" on rows held out") == board["members"] > 0
    assert "Network 1 took " in shown
    assert " better than guessing" in shown  # beside the bar
    for entry in board["entries"]:
        line = next(line for line in out.splitlines() if line.startswith(f"  {network_title(entry['name'])}: "))
        assert f": {entry['members']:,} trained" in line
        assert line.endswith(f" {100 * entry['weight']:.0f} % of the blend")
    assert f"{board['members']} network" in out
    assert "; the blend was kept, " in out
    assert "epoch" not in out


def test_choices_about_reading_and_columns_are_passed_on(tmp_path):
    rows = "".join(
        f"{i % 5};1,{100 + i};{'?' if i % 9 == 0 else i};2021-{1 + i // 30:02d}-{1 + i % 28:02d}\n" for i in range(120)
    )
    (tmp_path / "t.txt").write_text(f"shop;amount;x;day\n{rows}")
    done = rowsmith(
        "train", tmp_path / "t.txt", "--target", "amount", "--decimal", ",", "--missing", "?", "--category", "shop",
        "--time-column", "day", "--date", "day", "--mode", "linear_glm_baseline", *QUICK, "-o", tmp_path, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["metrics"]["task"] == "regression"
    assert said["metrics"]["test_from"] == "2021-04-07"


def test_words_can_be_kept_as_values(tmp_path):
    rows = "".join(f"{('DE', 'NA', 'FR')[i % 3]},{('minor', 'none')[i % 2]}\n" for i in range(60))
    (tmp_path / "t.csv").write_text(f"country,injury\n{rows}")
    options = ("--keep", "none", "--keep", "NA", "--epochs", "2", "-o", tmp_path)
    done = rowsmith("train", tmp_path / "t.csv", "--target", "injury", *options)
    assert done.returncode == 0, done.stderr
    (tmp_path / "rows.csv").write_text("country\nNA\nDE\n")
    done = rowsmith("predict", tmp_path / "model.rowsmith", tmp_path / "rows.csv", "--json")
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(tmp_path / "rows_predictions.csv", keep_default_na=False)
    assert list(found.columns[:4]) == [
        "country", "injury_prediction", "injury_probability_minor", "injury_probability_none"
    ]  # fmt: skip
    assert found["row_status"].tolist() == ["ok", "ok"]


def read_screen(screen: int) -> str:
    """Return what a terminal shows next, nothing once its other end is closed."""
    try:
        return os.read(screen, 4096).decode(errors="replace")
    except OSError:
        return ""


MISTAKES = {
    "no file": (("train", "nope.csv", "--target", "x"), "There is no file 'nope.csv'."),
    "no column": (("train", str(CHURN), "--target", "churn"), "Did you mean 'churned'?"),
    "no mode": (("train", str(CHURN), "--target", "churned", "--mode", "magic"), "magic"),
    "no time": (("train", str(CHURN), "--target", "churned", "--time-budget", "0"), "Time in seconds is 0.0."),
    "no separator": (("train", str(CHURN), "--target", "churned", "--separator", "::"), "'::' cannot separate cells."),
    "no model": (("predict", "nope.rowsmith", str(CHURN)), "nope.rowsmith"),
    "no such output": (("predict", "m.rowsmith", str(CHURN), "-o", "p.docx"), "'p.docx' has an extension that"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "sentence"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_sentence_and_exit_code_1(arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # in this process: those below are run as a user runs them
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert (done.exit_code, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_mistake_is_an_object_where_json_is_asked_for(tmp_path):
    done = rowsmith("train", "nope.csv", "--target", "x", "--json", folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout) == {"error": "There is no file 'nope.csv'."}


def test_a_call_without_what_is_needed_is_explained(tmp_path):
    done = rowsmith("train", str(CHURN), folder=tmp_path)
    assert done.returncode == 2
    assert "--target" in done.stderr


def test_rows_are_never_overwritten(trained, tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_bytes(CHURN.read_bytes())
    done = rowsmith("predict", trained[0] / "model.rowsmith", rows, "-o", rows)
    assert done.returncode == 1
    assert rows.read_bytes() == CHURN.read_bytes()


def test_a_bar_follows_the_training_and_ctrl_c_ends_it_with_its_best_epoch(tmp_path):
    command = [sys.executable, "-m", "core.cli", "train", str(CHURN), "--target", "churned", *ROLES]
    command += ["--epochs", "100000", "--patience", "0", "-o", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TERM": "xterm", "COLUMNS": "200"}
    screen, terminal = pty.openpty()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=terminal, text=True)
    shown, deadline = "", time.monotonic() + 90
    while "validation 0." not in shown:  # which stands beside the bar from the first epoch on
        assert time.monotonic() < deadline, shown
        shown += os.read(screen, 4096).decode()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    os.close(screen)
    os.close(terminal)
    assert "Training" in shown
    assert process.returncode == 0, shown
    assert "was kept." in out
    assert (tmp_path / "model.rowsmith").is_file()
