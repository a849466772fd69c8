"""A blend of networks in a real browser: its time is chosen, its leaderboard fills, and Stop keeps what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.runs.datasets import add_table
from core.runs.records import Roles
from core.workspace import open_workspace

SAMPLE = Path(__file__).resolve().parents[2] / "assets" / "samples" / "customer_churn.csv"
ROLES = Roles("churned", ("customer_id",), ("signup_date",))

pytestmark = pytest.mark.browser


def test_a_blend_is_trained_for_a_time_shown_and_stopped(page: Page, server, store):
    dataset = add_table(open_workspace(server.home), store, SAMPLE, SAMPLE.name, is_sample=True)
    store.set_roles(dataset.id, ROLES)
    page.goto(f"{server.url}/train?dataset={dataset.id}")
    card = page.get_by_role("button", name=re.compile("Blend of networks")).first
    expect(card).to_be_visible(timeout=60_000)
    card.click()
    expect(page.get_by_text("15 minutes")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Start training").click()

    expect(page.get_by_test_id("stDataFrame")).to_be_visible(timeout=90_000)
    expect(page.get_by_text(re.compile(r"The blend is .* than guessing")).first).to_be_visible(timeout=120_000)
    page.get_by_role("button", name="Stop and keep the blend").click()
    expect(page.get_by_text("Stopped (blend kept)")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("of the test rows (between").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text(re.compile(r"The blend is .* than guessing")).first).to_be_visible()
