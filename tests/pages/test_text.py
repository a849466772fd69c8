"""How names and numbers are written."""

from datetime import UTC, datetime

import pytest

from pages.shared.text import duration, escape, file_stem, number, percent, plural, size, when


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (24312.4, "24,310"),
        (0.123456, "0.1235"),
        (1234567, "1,235,000"),
        (100.0, "100"),
        (9999.6, "10,000"),
        (-3.14159, "-3.142"),
        (0, "0"),
        (0.00001234, "1.234e-05"),
        (float("nan"), "–"),
        (None, "–"),
    ],
)
def test_numbers_have_four_significant_digits_and_thousands_separators(value, written):
    assert number(value) == written


@pytest.mark.parametrize(
    ("seconds", "written"), [(42, "0:42"), (70.4, "1:10"), (3725, "1:02:05"), (-1, "0:00"), (None, "–")]
)
def test_durations_are_written_as_on_a_clock(seconds, written):
    assert duration(seconds) == written


def test_shares_have_one_decimal():
    assert (percent(0.8214), percent(1), percent(None)) == ("82.1 %", "100.0 %", "–")


def test_counts_carry_their_noun():
    assert (plural(1, "row"), plural(2400, "row")) == ("1 row", "2,400 rows")
    assert plural(2, "category", "categories") == "2 categories"


def test_sizes_have_the_unit_that_reads_best():
    assert (size(999), size(109_240), size(24_300_000)) == ("999 B", "109.2 kB", "24.3 MB")


def test_moments_are_short():
    assert when(datetime(2026, 11, 2, 14, 5, tzinfo=UTC).astimezone()).startswith("2 Nov ")


@pytest.mark.parametrize("sign", list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"))
def test_every_sign_that_markdown_reads_gets_a_backslash(sign):
    assert escape(f"a{sign}b").startswith(f"a\\{sign}")


def test_line_breaks_and_invisible_signs_cannot_start_a_block_or_turn_the_text_around():
    assert escape("a\n# b\u202ec") == "a \\# b c"


def test_a_colon_can_start_neither_a_shortcode_nor_a_directive():
    assert ":smile" not in escape(":smile:").replace("\\", "")
    assert ":material" not in escape("a :material/home: b").replace("\\", "")
    assert escape(":red[x]") == "\\:red\\[x\\]"
    assert escape("14:05") == "14\\:05"


def test_file_names_keep_to_letters_every_file_system_takes():
    assert file_stem("a/b: c · d?.csv") == "a_b_c_d_.csv"
    assert file_stem("../..") == "table"
