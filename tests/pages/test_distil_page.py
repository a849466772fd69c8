"""The Distil page: a student of a finished model, and both side by side."""

from pages.shared.results import fewer_words

DISTIL = "pages/build/distil.py"


def test_without_a_teacher_it_says_what_to_do(browser):
    browser.open(DISTIL)
    assert browser.sees("There is no finished model to learn from yet.")
    assert browser.links == ["Train a model first"]


def test_a_student_with_more_parameters_is_not_called_lighter():
    assert fewer_words(5.25) == "5.25 × fewer"
    assert fewer_words(0.2) == "5 × more"


def test_a_student_starts_smaller_than_its_teacher_and_both_are_compared(browser, store, trained, wait_for_end):
    browser.open(DISTIL, run=trained.id)
    key = f"distil_{trained.id}"
    starts = {n: browser.app.number_input(key=f"{key}_{n}").value for n in ("hidden_dim", "num_hidden_layers")}
    assert starts == {"hidden_dim": 16, "num_hidden_layers": 1}
    browser.app.number_input(key=f"{key}_more_epochs").set_value(3)
    browser.run().click("distil_start")
    (run,) = store.runs("distil")
    assert browser.app.query_params["run"] == run.id
    run = wait_for_end(run.id)
    assert run.state == "finished", run.message
    assert run.request["config"]["target_column"] == "churn"
    browser.open("pages/use/model.py", run=run.id)
    assert browser.sees("agrees with its teacher on")
    sides = browser.app.dataframe[0].value
    assert sides.iloc[:, 0].tolist() == ["Score on the test rows", "Parameters", "File size", "Rows per second"]
    assert sides["Teacher"][0] == f"{100 * run.results['teacher']['metric_value']:.1f} % right"
