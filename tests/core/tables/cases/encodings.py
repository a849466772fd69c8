"""Texts in many encodings, with and without their marks, and some that are damaged."""

from __future__ import annotations

import codecs

from tests.core.tables.cases.case import refused, table

CP1252 = "The text is not UTF-8; it was read as Windows-1252. Check accented letters."
MARK = codecs.BOM_UTF8
CHUNK = 1 << 20


def _letter_across_chunks() -> bytes:
    """A letter of two bytes whose first is the last of the first MiB."""
    head = "a,b\n" + "x" * 500_000 + ",1\n"
    return (head + "y" * (CHUNK - 1 - len(head)) + "é,2\n").encode()


def _emoji_across_chunks() -> bytes:
    """An emoji in UTF-16 whose two halves lie in two MiBs."""
    head = "\ufeffa,b\nx,1\n"
    return (head + "y" * (CHUNK // 2 - 1 - len(head)) + "😀,2\n").encode("utf-16-le")


def _late_letter() -> bytes:
    return b"a,b\n" + b"x,1\n" * 300_000 + b"caf\xe9,2\n"


ENCODINGS = [
    table("utf-8 without a mark", "a,b\nÄöß,1\nnaïve,2\n", {"a": ["Äöß", "naïve"], "b": [1, 2]}),
    table("a utf-8 mark is no part of the first name", MARK + b"a,b\nx,1\n", {"a": ["x"], "b": [1]}),
    table("a utf-8 mark before a quoted name", MARK + b'"a","b"\n"x","1"\n', {"a": ["x"], "b": [1]}),
    table("two utf-8 marks", MARK + MARK + b"a,b\nx,1\n", {"a": ["x"], "b": [1]}),
    table(
        "a second mark where files were put together",
        MARK + b"a,b\nx,1\n" + MARK + b"y,2\n",
        {"a": ["x", "y"], "b": [1, 2]},
    ),
    table("excel's unicode text", "a\tb\r\né,;\t1,5\r\n".encode("utf-16"), {"a": ["é,;"], "b": [1.5]}),
    table("utf-16 big end first", codecs.BOM_UTF16_BE + "a;b\nÖ;1\n".encode("utf-16-be"), {"a": ["Ö"], "b": [1]}),
    table("utf-16 without a mark", "name,n\nx,1\ny,2\n".encode("utf-16-le"), {"name": ["x", "y"], "n": [1, 2]}),
    table("utf-16 big without a mark", "name,n\nx,1\ny,2\n".encode("utf-16-be"), {"name": ["x", "y"], "n": [1, 2]}),
    table(
        "utf-16 without a mark, in cyrillic",
        "имя,число\nанна,1\nпётр,2\n".encode("utf-16-le"),
        {"имя": ["анна", "пётр"], "число": [1, 2]},
    ),
    table("utf-16 with an emoji", "a,b\n😀,1\n".encode("utf-16"), {"a": ["😀"], "b": [1]}),
    table(
        "utf-16 with an emoji across chunks",
        _emoji_across_chunks,
        {"a": ["x", "y" * (CHUNK // 2 - 10) + "😀"], "b": [1, 2]},
    ),
    table(
        "utf-16 that was cut within a letter",
        "a,b\nx,1\ny,é".encode("utf-16")[:-1],
        {"a": ["x", "y"], "b": ["1", "\ufffd"]},
        "Characters that could not be read and were replaced: 1.",
    ),
    table("utf-32", "a,b\né,1\n".encode("utf-32"), {"a": ["é"], "b": [1]}),
    table("utf-32 big end first", codecs.BOM_UTF32_BE + "a,b\né,1\n".encode("utf-32-be"), {"a": ["é"], "b": [1]}),
    table("windows-1252", "a,b\n€ Müller,1\n".encode("cp1252"), {"a": ["€ Müller"], "b": [1]}, CP1252),
    table(
        "curly quotes of windows-1252 are letters",
        b"a;b\n\x93x\x94, y;1\n\x93z\x94;2\n",
        {"a": ["“x”, y", "“z”"], "b": [1, 2]},
        CP1252,
    ),
    table("an ellipsis of windows-1252 ends no line", b"a,b\nx\x85y,1\n", {"a": ["x…y"], "b": [1]}, CP1252),
    table(
        "bytes that windows-1252 does not know",
        b"a,b\n\x81\xff,1\n",
        {"a": ["\ufffdÿ"], "b": [1]},
        CP1252,
        "Characters that could not be read and were replaced: 1.",
    ),
    table("windows-1252 far down", _late_letter, {"a": ["x"] * 300_000 + ["café"], "b": [1] * 300_000 + [2]}, CP1252),
    table(
        "utf-8 that was cut within its last letter",
        "a,b\ncafé,crème\nnaïve,jalapeñ".encode()[:-1],
        {"a": ["café", "naïve"], "b": ["crème", "jalape\ufffd"]},
        "Characters that could not be read and were replaced: 1.",
    ),
    table(
        "utf-8 with one damaged byte",
        "a,b\ncafé,crème\nnaïve,jalapeño\n".encode() + b"x\xff,y\n" + "déjà,vu\n".encode(),
        {"a": ["café", "naïve", "x\ufffd", "déjà"], "b": ["crème", "jalapeño", "y", "vu"]},
        "Characters that could not be read and were replaced: 1.",
    ),
    table(
        "a letter across chunks",
        _letter_across_chunks,
        {"a": ["x" * 500_000, "y" * (CHUNK - 500_008) + "é"], "b": [1, 2]},
    ),
    table(
        "line ends of unicode are letters",
        "a,b\nx\u2028y\u2029z\x85w,1\n",
        {"a": ["x\u2028y\u2029z\x85w"], "b": [1]},
    ),
    table("a decomposed name stays as it is", "e\u0301,b\n1,2\n", {"e\u0301": [1], "b": [2]}),
    table("right to left", "שם,n\nשלום,1\n", {"שם": ["שלום"], "n": [1]}),
    refused(
        "utf-16 with nothing behind its mark",
        codecs.BOM_UTF16_LE,
        "The file holds only blank lines. Choose a file with a header and rows.",
    ),
    refused(
        "NUL in utf-8",
        b"a,b\n1,x\n2,\0\n",
        "The file holds a NUL byte at position 10, so it is damaged or not a text file. Save the table again as CSV.",
    ),
    refused(
        "NUL padding at the end",
        b"a,b\n1,x\n2,y\n" + b"\0" * 500,
        "The file holds a NUL byte at position 12, so it is damaged or not a text file. Save the table again as CSV.",
    ),
    refused(
        "bytes without meaning",
        bytes(range(1, 32)) * 50,
        "The file is not text and no known kind of table. Save the table as CSV or XLSX.",
    ),
]
