"""How the networks of a blend stand: the table in words, while it grows and at its end."""

from __future__ import annotations

from dataclasses import replace

from core.leaderboard import Entry, Leaderboard
from pages.shared.leaderboard import board_rows, board_title

TABM = Entry("TabM", 3, 62.4, 0.3, 0.625, "fold 4, epoch 12; fold 5, epoch 3")
REALMLP = Entry("RealMLP", 2, 41.0, 0.42, 0.375)
BOARD = Leaderboard((TABM, REALMLP), 5, 0.25, 0.5, 70.0, 120.0)


def test_the_blend_comes_first_then_each_kind_of_network():
    blend, first, second = board_rows(BOARD, is_working=True)
    assert blend == {
        "Network": "Blend of networks", "Trained": "5", "Beside guessing": "50 % better", "Share of the blend": "100 %",
        "Time": "1:10", "Training now": "–",
    }  # fmt: skip
    assert first == {
        "Network": "Accurate network (TabM)", "Trained": "3", "Beside guessing": "40 % better",
        "Share of the blend": "62 %", "Time": "1:02", "Training now": "fold 4, epoch 12; fold 5, epoch 3",
    }  # fmt: skip
    assert (second["Network"], second["Training now"]) == ("Tuned network (RealMLP)", "–")


def test_at_the_end_nothing_is_being_trained():
    assert all("Training now" not in row for row in board_rows(BOARD, is_working=False))


def test_its_title_says_how_good_the_blend_is_and_what_makes_the_most_of_it():
    assert board_title(BOARD) == (
        "The blend is 50 % better than guessing; Accurate network (TabM) makes 62 % of the blend"
    )
    assert board_title(replace(BOARD, baseline_loss=None)) == "Accurate network (TabM) makes 62 % of the blend"


def test_what_is_not_known_yet_is_left_open():
    begun = Leaderboard((Entry("TabM", 0, 0.0, None, 0.0, "fold 1"),), 0, None, 0.5, 2.0, 120.0)
    blend, first = board_rows(begun, is_working=True)
    assert (blend["Beside guessing"], blend["Share of the blend"]) == ("–", "0 %")
    assert (first["Beside guessing"], first["Trained"]) == ("–", "0")
    assert board_title(begun) == "No network is trained yet"
    assert board_title(replace(begun, entries=())) == "No network is trained yet"


def test_a_kind_without_a_card_keeps_its_name():
    def network(name: str) -> str:
        return board_rows(replace(BOARD, entries=(replace(TABM, name=name),)), is_working=False)[1]["Network"]

    assert network("New, by itself") == "New, by itself"
    assert network("TabM, without codes") == "Accurate network (TabM), without codes"


def test_a_blend_that_is_no_better_or_worse_than_guessing_says_so():
    words = [board_rows(replace(BOARD, loss=loss), is_working=False)[0]["Beside guessing"] for loss in (0.5, 0.6, 0.25)]
    assert words == ["no better", "worse", "50 % better"]
