"""The Runs page: find, open, star and delete what was done."""

RUNS = "pages/use/runs.py"


def test_without_runs_it_says_what_to_do(browser):
    browser.open(RUNS)
    assert browser.sees("Nothing has been trained yet.")
    assert browser.links == ["Train a model", "Bring a table, or try a sample"]


def test_a_run_is_listed_with_state_table_mode_score_and_link(browser, trained):
    browser.open(RUNS)
    assert browser.sees("churn · Standard network")
    assert browser.sees(f"{100 * trained.metrics['test_metric_value']:.1f} % right")
    assert "Finished" in browser.text
    (link,) = browser.app.get("page_link")
    assert link.proto.query_string == f"run={trained.id}"


def test_a_star_stays_and_filters(browser, store, trained):
    browser.open(RUNS).click(f"runs_star_{trained.id}")
    assert store.run(trained.id).starred
    browser.app.toggle(key="runs_starred").set_value(True)
    assert browser.run().sees("1 run")
    browser.click(f"runs_star_{trained.id}")
    assert browser.sees("No run matches.")


def test_deleting_asks_first(browser, store, trained):
    browser.open(RUNS)
    browser.app.menu_button(key=f"runs_menu_{trained.id}").set_value("Delete")
    browser.run()
    assert browser.sees("This cannot be undone.")
    assert store.run(trained.id)


def test_a_search_for_nothing_says_so(browser, trained):
    browser.open(RUNS)
    browser.app.text_input(key="runs_search").set_value("nowhere")
    assert browser.run().sees("No run matches.")
