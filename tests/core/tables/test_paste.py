"""Rows pasted from a spreadsheet find the model's columns."""

import subprocess
import sys

import pytest

from core.errors import DataError
from core.tables.paste import MAX_PASTED_ROWS, read_pasted

KNOWN = ["Age", "Home city", "Income"]


def pasted(text, known=KNOWN):
    table = read_pasted(text, known)
    return table.plain.to_dict("list"), table.has_header, table.notices


def test_rows_copied_from_excel_with_their_header():
    cells, has_header, notices = pasted("Age\tHome city\tIncome\r\n31\tWien\t5.5\r\n40\tBad Ischl, OÖ\t\r\n")
    assert cells == {"Age": ["31", "40"], "Home city": ["Wien", "Bad Ischl, OÖ"], "Income": ["5.5", ""]}
    assert has_header
    assert notices == ()


def test_a_header_is_matched_whatever_its_case_and_blanks():
    cells, _, _ = pasted("income;HOMECITY; age \n1;Graz;2\n")
    assert cells == {"Income": ["1"], "Home city": ["Graz"], "Age": ["2"]}


def test_an_exact_name_goes_before_a_look_alike():
    cells, _, _ = pasted("a\tA\n1\t2\n", ["A", "a"])
    assert cells == {"a": ["1"], "A": ["2"]}


def test_without_a_header_the_columns_are_the_models_in_order():
    cells, has_header, _ = pasted("31,Wien,5\n40,Graz,6")
    assert cells == {"Age": ["31", "40"], "Home city": ["Wien", "Graz"], "Income": ["5", "6"]}
    assert not has_header


def test_columns_the_model_does_not_know_are_kept():
    cells, _, _ = pasted("Age\tnote\n31\thello\n")
    assert cells == {"Age": ["31"], "note": ["hello"]}


def test_quoted_cells_may_hold_the_separator_and_line_ends():
    cells, _, _ = pasted('Age,Home city\n31,"Wien, 3.\nBezirk"\n')
    assert cells == {"Age": ["31"], "Home city": ["Wien, 3.\nBezirk"]}


def test_a_decimal_comma_is_repaired_where_the_whole_column_reads_so():
    cells, _, notices = pasted("Age\tIncome\tHome city\n3,5\t1.234,56\t1,5\n4\t\tWien\n")
    assert cells == {"Age": ["3.5", "4"], "Income": ["1234.56", ""], "Home city": ["1,5", "Wien"]}
    assert "'Age', 'Income'" in notices[-1]


def test_the_users_own_cells_stay_as_they_were_pasted():
    table = read_pasted("Age\tIncome\n3,50\t1.234,56\n", KNOWN)
    assert table.frame.to_dict("list") == {"Age": ["3,50"], "Income": ["1.234,56"]}


def test_rows_without_a_header_may_be_those_of_the_training_table_with_its_target():
    columns = [*KNOWN, "Outcome"]
    cells = "\t".join(str(i) for i in range(len(columns)))
    table = read_pasted(f"{cells}\n{cells}", KNOWN, columns)
    assert (list(table.frame.columns), table.has_header, len(table.frame)) == (columns, False, 2)
    assert list(read_pasted(cells.rpartition("\t")[0], KNOWN, columns).frame.columns) == list(KNOWN)


def test_semicolons_with_decimal_commas_are_two_columns():
    cells, _, _ = pasted("1,5;2,5\n3,5;4,5", ["a", "b"])
    assert cells == {"a": ["1.5", "3.5"], "b": ["2.5", "4.5"]}


def test_a_single_column_is_one_column():
    assert pasted("Age\n31\n40", ["Age"])[0] == {"Age": ["31", "40"]}
    assert pasted("31\n40", ["Age"])[0] == {"Age": ["31", "40"]}


def test_ids_and_words_stay_as_pasted():
    cells, _, _ = pasted("Age\tHome city\n007\tNA\n")
    assert cells == {"Age": ["007"], "Home city": ["NA"]}


def test_short_rows_are_filled_up_and_counted():
    cells, _, notices = pasted("Age,Home city,Income\n31,Wien,5\n40\n")
    assert cells["Income"] == ["5", ""]
    assert notices == ("Rows with too few cells, filled up with blank ones: 1.",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Nothing was pasted"),
        (" \n\t\n", "Nothing was pasted"),
        (",,,\n,,", "Nothing was pasted"),
        ("x,y\n1,2", "None of the model's columns is in the first row"),
        ("Age,Income\n", "no rows below"),
        ("Age,Income\n1,2,3", "Row 2 has 3 cells"),
        ("Age,age\n1,2", "pasted 2 times"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(text, sentence):
    with pytest.raises(DataError, match=sentence):
        read_pasted(text, KNOWN)


def test_five_thousand_rows_are_the_limit():
    rows = "Age\n" + "1\n" * MAX_PASTED_ROWS
    assert len(read_pasted(rows, KNOWN).frame) == MAX_PASTED_ROWS
    with pytest.raises(DataError, match="5,001 rows"):
        read_pasted(rows + "1\n", KNOWN)


def test_reading_tables_loads_neither_torch_nor_sklearn():
    modules = "paste, read, sandbox, schema, infer, dates, coerce, report"
    code = f"from core.tables import {modules}; import sys; print({{'torch', 'sklearn'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
