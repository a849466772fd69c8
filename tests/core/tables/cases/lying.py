"""Files of other kinds under the name of a table."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
import zipfile

import numpy as np
import pyarrow as pa
from pyarrow import feather, orc

from tests.core.tables.cases.case import refused, table

PAGE = "The file is a web page, not a table. Open it in Excel and save it as XLSX."
XML = "The file is XML, not a table. Open it in Excel and save it as XLSX."
JSON = "The file is JSON, not a table. Save the table as CSV or XLSX."
NOT_TEXT = "The file is not text and no known kind of table. Save the table as CSV or XLSX."


def _foreign(what: str) -> str:
    return f"The file is {what}. Choose a CSV, Excel, ODS or Parquet file."


def _nul(position: int) -> str:
    return (
        f"The file holds a NUL byte at position {position:,}, so it is damaged or not a text file. "
        "Save the table again as CSV."
    )


def _tar() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        info = tarfile.TarInfo("table.csv")
        info.size = 8
        archive.addfile(info, io.BytesIO(b"a,b\n1,2\n"))
    return sink.getvalue()


def _zip() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("table.csv", "a,b\n1,2\n")
    return sink.getvalue()


def _docx() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    return sink.getvalue()


def _sqlite() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (a, b)")
    content = connection.serialize()
    connection.close()
    return content


def _arrow() -> bytes:
    sink = io.BytesIO()
    feather.write_feather(pa.table({"a": [1, 2]}), sink)
    return sink.getvalue()


def _orc() -> bytes:
    sink = io.BytesIO()
    orc.write_table(pa.table({"a": [1, 2]}), sink)
    return sink.getvalue()


def _numpy() -> bytes:
    sink = io.BytesIO()
    np.save(sink, np.arange(3))
    return sink.getvalue()


LYING = [
    refused("a web page", b"\n <!DOCTYPE html><html><table>", PAGE),
    refused("a table of a web page", b"<table>\n<tr><td>1,2</td></tr>\n<tr><td>3,4</td></tr></table>", PAGE),
    refused("a web page behind a comment", b"<!-- saved from url -->\n<html>\n<table></table></html>", PAGE),
    refused("a web page behind the mark of XML", b'<?xml version="1.0"?>\n<!DOCTYPE html><html></html>', XML),
    refused("a web page in UTF-16", "<html><table><tr><td>1</td></tr></table></html>".encode("utf-16"), PAGE),
    refused(
        "the page of a mail", b"MIME-Version: 1.0\nContent-Type: multipart/related;\n boundary=x\n\n--x\n<html>", PAGE
    ),
    refused("a workbook as XML", b'<?xml version="1.0"?>\n<Workbook xmlns="x"/>', XML),
    refused("XML without its mark", b"<rows>\n<row>1,2</row>\n<row>3,4</row>\n</rows>\n", XML),
    refused("JSON in one line", json.dumps([{"a": 1, "b": 2}]).encode(), JSON),
    refused("JSON in many lines", json.dumps([{"a": 1, "b": 2}] * 3, indent=1).encode(), JSON),
    refused("an object of JSON", json.dumps({"error": "not found", "status": 404}, indent=1).encode(), JSON),
    refused("lines of JSON", b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n', JSON),
    table("a cell that begins like JSON", 'a,b\n"{""k"": 1}",1\n"[2]",2\n', {"a": ['{"k": 1}', "[2]"], "b": [1, 2]}),
    table("names in brackets", "[a],[b]\n1,x\n2,y\n", {"[a]": [1, 2], "[b]": ["x", "y"]}),
    refused("a PDF document", b"%PDF-1.7\n%\xe2\xe3", _foreign("a PDF document")),
    refused("rich text", b"{\\rtf1 a}", _foreign("a rich text document")),
    refused("gzip", lambda: gzip.compress(b"a,b\n1,2\n", mtime=0), _foreign("a gzip archive; unpack it first")),
    refused("bzip2", lambda: bz2.compress(b"a,b\n1,2\n"), _foreign("a bzip2 archive; unpack it first")),
    refused("xz", lambda: lzma.compress(b"a,b\n1,2\n"), _foreign("an xz archive; unpack it first")),
    refused("tar", _tar, _foreign("a tar archive; unpack it first")),
    refused("7z", b"7z\xbc\xaf\x27\x1c" + bytes(30), _foreign("a 7z archive; unpack it first")),
    refused("zip", _zip, "The file is a ZIP archive, not a workbook. Unpack it and choose the table in it."),
    refused(
        "a document of Word", _docx, "The file is a ZIP archive, not a workbook. Unpack it and choose the table in it."
    ),
    refused("a picture", b"\x89PNG\r\n\x1a\n" + bytes(30), _foreign("a picture")),
    refused("a database", _sqlite, _foreign("an SQLite database; export one table as CSV")),
    refused("an Arrow file", _arrow, _foreign("an Arrow file; save the table as Parquet or CSV")),
    refused("an ORC file", _orc, NOT_TEXT),
    refused("a numpy array", _numpy, _foreign("a numpy array; save the table as CSV")),
    refused("a matrix of HDF5", b"\x89HDF\r\n\x1a\n" + bytes(500), _nul(8)),
    refused(
        "a pickle",
        lambda: pickle.dumps({"a": [1, 2]}),
        "The file is a Python pickle, which is never opened. Save the table as CSV.",
    ),
    refused(
        "a pickle of the oldest kind",
        lambda: pickle.dumps({"a": [1, 2], "b": ["x", "y"]}, protocol=0),
        "The file is a Python pickle, which is never opened. Save the table as CSV.",
    ),
    refused(
        "a workbook older than Excel 5",
        b"\x09\x00\x04\x00\x02\x00\x10\x00",
        "The workbook is older than Excel 5. Open it and save it as XLSX.",
    ),
    refused("a library", b"\x7fELF" + bytes(range(1, 9)) * 30, NOT_TEXT),
    refused(
        "a pointer to a file elsewhere",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        "The file is a pointer to a file that Git LFS keeps elsewhere. Fetch the file itself and choose it.",
    ),
    refused(
        "a table of Weka",
        b"@relation iris\n@attribute x numeric\n@attribute y {a,b}\n@data\n5.1,a\n4.9,b\n",
        "The file is an ARFF file. Save the table as CSV.",
    ),
]
