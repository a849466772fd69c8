"""Numbers as people and programs write them, and what only looks like one."""

from __future__ import annotations

from tests.core.tables.cases.case import Case, Cells, table

NARROW, FIXED = "\u202f", "\u00a0"
COMMA_NOTICE = "Numbers written like 1.234,56 were recognised in"
GROUP_NOTICE = "Numbers written like 1,234.56 were recognised in"


def column(name: str, texts: list[str], cells: Cells, *said: str, kind: tuple[str, int] | None = None) -> Case:
    """A table of a text column beside one with `texts`, cut by semicolons."""
    rows = "".join(f"r{i};{text}\n" for i, text in enumerate(texts))
    columns = {"row": [f"r{i}" for i in range(len(texts))], "x": cells}
    return table(name, f"row;x\n{rows}", columns, *said, kinds={"x": kind} if kind else None)


NUMBERS = [
    column("whole numbers", ["0", "-5", "12"], [0, -5, 12]),
    column("whole and broken numbers", ["1", "2.5"], [1.0, 2.5]),
    column("numbers without a digit before the point", [".5", "-.25", "3."], [0.5, -0.25, 3.0]),
    column("a negative zero", ["-0.0", "1.5"], [-0.0, 1.5]),
    column("exponents", ["1.5e-05", "2.5E+3", "1.5"], [1.5e-05, 2500.0, 1.5]),
    column("exponents as Excel shows them", ["1.23E+05", "4.50E+02"], [123000.0, 450.0]),
    column("a number too large for a float", ["1.5e999", "2.5"], ["1.5e999", "2.5"]),
    column("infinity counts as missing", ["inf", "-Infinity", "1.5"], ["inf", "-Infinity", "1.5"], kind=("number", 2)),
    column("nan in a column of numbers", ["NaN", "1.5"], ["NaN", "1.5"], kind=("number", 1)),
    column("blanks around numbers", [" 1", "2 ", "  "], [1, 2, None]),
    column(
        "points in hex, underscores, wide digits",
        ["0x1F", "1_000", "１２"],
        ["0x1F", "1_000", "１２"],
        kind=("text", 0),
    ),
    column("decimal commas", ["1,5", "2,25", "-0,5"], [1.5, 2.25, -0.5], f"{COMMA_NOTICE} 'x'."),
    column("decimal commas without a digit before", [",5", "-,25", "1,5"], [0.5, -0.25, 1.5], COMMA_NOTICE),
    column("decimal commas and exponents", ["1,5E+03", "2,25"], [1500.0, 2.25], COMMA_NOTICE),
    column("points and decimal commas", ["1.234,56", "12.345.678,90"], [1234.56, 12345678.9], COMMA_NOTICE),
    column("points in threes alone", ["1.234.567", "12.345", "7"], [1234567, 12345, 7]),
    column("decimal commas in quotes between commas", ['"1,5"', '"2,25"'], [1.5, 2.25], COMMA_NOTICE),
    column("commas in threes and a point", ["1,234.50", "7", "1,234,567.25"], [1234.5, 7.0, 1234567.25], GROUP_NOTICE),
    column("commas in threes twice", ["1,234,567", "1,234"], [1234567, 1234], GROUP_NOTICE),
    column("commas that may be either stay and are named", ["1,234", "5,678"], ["1,234", "5,678"], "'x'"),
    column("decimal commas and points in one column stay", ["1,5", "2.5"], ["1,5", "2.5"], "'x'"),
    table(
        "commas in twos, as in India",
        '"row","x"\n"r0","12,34,567.50"\n"r1","1,23,456.00"\n',
        {"row": ["r0", "r1"], "x": [1234567.5, 123456.0]},
        "'x'",
    ),
    column("blanks in threes", ["1 234 567,5", "12 345", "7"], [1234567.5, 12345.0, 7.0]),
    column("no-break spaces in threes", [f"1{FIXED}234{FIXED}567", "12", "345"], [1234567, 12, 345]),
    column("narrow spaces in threes", [f"1{NARROW}234,50", f"12{NARROW}345,75"], [1234.5, 12345.75]),
    column("apostrophes in threes", ["1'234'567.50", "12'345.00", "7.25"], [1234567.5, 12345.0, 7.25]),
    column("curly apostrophes in threes", ["1’234’567", "12’345"], [1234567, 12345]),
    column("blanks not in threes stay", ["12 34", "1 2"], ["12 34", "1 2"]),
    column("percent", ["12%", "7.5%", "100%"], [0.12, 0.075, 1.0], "'x'"),
    column("percent with a blank and a comma", ["12,5 %", "7 %"], [0.125, 0.07], "'x'"),
    column("dollars", ["$1,234.50", "$7.00", "-$3.25"], [1234.5, 7.0, -3.25], "'x'"),
    column("euros behind", ["1.234,50 €", "7,00 €"], [1234.5, 7.0], "'x'"),
    column("francs before", ["CHF 12.50", "CHF 7.00"], [12.5, 7.0], "'x'"),
    column("two currencies stay text", ["$5.00", "€6.00"], ["$5.00", "€6.00"], kind=("text", 0)),
    column("parentheses for less than nothing", ["(1,234.50)", "2,345.25"], [-1234.5, 2345.25], "'x'"),
    column("a minus behind", ["5.25-", "3.00"], [-5.25, 3.0], "'x'"),
    column("a typeset minus", ["−5", "3", "−12"], [-5, 3, -12], "'x'"),
    column("amounts with the same unit", ["12 kg", "7.5 kg"], [12.0, 7.5], "'x'"),
    column("amounts with different units stay text", ["12 kg", "7 g"], ["12 kg", "7 g"], kind=("text", 0)),
    column("amounts with an unknown unit stay text", ["12 eggs", "7 eggs"], ["12 eggs", "7 eggs"], kind=("text", 0)),
    column("a letter at a number is no unit", ["12A", "7A"], ["12A", "7A"], kind=("text", 0)),
    column("ranges stay text", ["10-20", "20-30"], ["10-20", "20-30"], kind=("text", 0)),
    column("fractions stay text", ["1/2", "3/4"], ["1/2", "3/4"], kind=("text", 0)),
    column("versions stay text", ["1.2.3", "1.10.0"], ["1.2.3", "1.10.0"], kind=("text", 0)),
    column(
        "addresses of machines stay text", ["192.168.100.200", "10.100.200.250"], ["192.168.100.200", "10.100.200.250"]
    ),
    column("true and false", ["TRUE", "false"], ["TRUE", "false"], kind=("text", 0)),
]

IDS = [
    column("leading zeros", ["007", "100"], ["007", "100"]),
    column("leading zeros in one cell of many", ["12345", "67890", "01234"], ["12345", "67890", "01234"]),
    column("leading zeros before a point", ["00.5", "1.5"], ["00.5", "1.5"]),
    column("a zero alone", ["0", "7"], [0, 7]),
    column("two zeros", ["00", "7"], ["00", "7"]),
    column("plus signs", ["+43", "+1"], ["+43", "+1"]),
    column("ids like 1e5", ["1e5", "2e7"], ["1e5", "2e7"]),
    column("ids like 12e4 and whole ones", ["12e4", "1234"], ["12e4", "1234"]),
    column("2^53", ["9007199254740992", "1"], [2**53, 1]),
    column("beyond 2^53", ["9007199254740993", "1"], ["9007199254740993", "1"]),
    column("below minus 2^53", ["-9007199254740993", "1"], ["-9007199254740993", "1"]),
    column("beyond 2^64", ["123456789012345678901234567890", "1"], ["123456789012345678901234567890", "1"]),
    column("cards of sixteen digits", ["4111111111111111", "5500000000000004"], [4111111111111111, 5500000000000004]),
    column("digits that a float keeps", ["0.1428571428571428", "1.5"], [0.1428571428571428, 1.5]),
    column("digits that a float loses", ["0.12345678901234567890", "1.5"], ["0.12345678901234567890", "1.5"]),
    column("a long id with a point", ["12345678901234567.5", "1.5"], ["12345678901234567.5", "1.5"]),
    column("a long amount with decimal commas", ["12345678901234567,5", "1,5"], ["12345678901234567,5", "1,5"]),
    column("uuids", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567-e89b-12d3-a456-426614174000"]),
    column("hashes that look like numbers", ["1234567e8", "8e1234567"], ["1234567e8", "8e1234567"]),
    column("phone numbers", ["0171 1234567", "0043 664 123"], ["0171 1234567", "0043 664 123"]),
    column(
        "numbers of accounts in fours",
        ["1234 5678 9012 3456", "9876 5432 1098 7654"],
        ["1234 5678 9012 3456", "9876 5432 1098 7654"],
    ),
    column("zip codes with a dash", ["12345-6789", "98765-4321"], ["12345-6789", "98765-4321"]),
    column("numbers of social insurance", ["123-45-6789", "987-65-4321"], ["123-45-6789", "987-65-4321"]),
]

MISSING = [
    column(
        "words for nothing among numbers",
        ["NA", "n/a", "NULL", "none", ".", "", "1.5"],
        ["NA", "n/a", "NULL", "none", ".", None, "1.5"],
        kind=("number", 6),
    ),
    column("words for nothing among texts", ["NA", "DE", "null"], ["NA", "DE", "null"], kind=("text", 2)),
    column("words for nothing among decimal commas", ["1,5", "NA", "2,25"], ["1.5", "NA", "2.25"], kind=("number", 1)),
    column("words for nothing among groups", ["1,234,567.5", "n/a"], ["1234567.5", "n/a"], kind=("number", 1)),
    column("a question mark is a text", ["?", "1.5", "2.5"], ["?", "1.5", "2.5"], kind=("mixed", 0)),
    column("a dash is a text", ["-", "1.5", "2.5"], ["-", "1.5", "2.5"], kind=("mixed", 0)),
    column("a dash among decimal commas", ["-", "1,5", "2,25"], ["-", "1.5", "2.25"], kind=("mixed", 0)),
    column("errors of Excel are texts", ["#N/A", "#DIV/0!", "1.5"], ["#N/A", "#DIV/0!", "1.5"], kind=("mixed", 0)),
    column("a backslash and N", ["\\N", "1.5"], ["\\N", "1.5"], kind=("mixed", 0)),
    column("minus 999", ["-999", "15"], [-999, 15], kind=("number", 0)),
    column("only words for nothing", ["NA", "NA"], ["NA", "NA"], kind=("empty", 2)),
    column("only blanks", ["", " "], [None, " "], kind=("empty", 2)),
    column("a missing cell among true and false", ["true", "", "false"], ["true", None, "false"], kind=("text", 1)),
]
