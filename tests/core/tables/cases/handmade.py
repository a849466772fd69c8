"""Workbooks written by hand: sound ones that are laid out oddly, and lying ones."""

from __future__ import annotations

from datetime import datetime

from tests.core.tables.cases.case import Cells, refused, table
from tests.core.tables.cases.packing import HEAD, MAIN, XML, Parts, number, packed, text, xlsx, xlsx_parts

BODY = HEAD + f'<row r="2">{number("A2", 1)}{text("B2", "x")}</row><row r="3">{number("A3", 2)}{text("B3", "y")}</row>'
SOUND: dict[str, Cells] = {"a": [1, 2], "b": ["x", "y"]}
ENDED = "The file ended the process that read it, as damaged or hostile files do. Save the table as CSV."
DAMAGED = "The workbook is damaged. Open it in Excel and save it again."


def _without(part: str) -> bytes:
    parts = xlsx_parts(BODY)
    del parts[part]
    return packed(parts)


def _with(part: str, old: str, new: str) -> bytes:
    parts = xlsx_parts(BODY)
    content = parts[part]
    assert isinstance(content, str)
    assert old in content
    return packed(parts | {part: content.replace(old, new)})


def _shared(head: str, *cells: str) -> bytes:
    rows = "".join(f'<row r="{i}">{cell}</row>' for i, cell in enumerate(cells, start=1))
    return xlsx(rows, shared=head)


def _utf_16(parts: Parts) -> bytes:
    return str(parts["xl/worksheets/sheet1.xml"]).replace("UTF-8", "UTF-16").encode("utf-16")


def _laughs() -> bytes:
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    parts = xlsx_parts(BODY.replace(">x<", ">&a9;<"))
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert isinstance(sheet, str)
    return packed(parts | {"xl/worksheets/sheet1.xml": sheet.replace(XML, f"{XML}<!DOCTYPE w [{entities}]>")})


def _reads_a_file() -> bytes:
    parts = xlsx_parts(BODY.replace(">x<", ">&f;<"))
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert isinstance(sheet, str)
    doctype = '<!DOCTYPE w [<!ENTITY f SYSTEM "file:///etc/hostname">]>'
    return packed(parts | {"xl/worksheets/sheet1.xml": sheet.replace(XML, f"{XML}{doctype}")})


HANDMADE = [
    table("a workbook written by hand", xlsx(BODY), SOUND),
    table("rows and cells without their places", xlsx(BODY.replace(' r="', ' x="')), SOUND),
    table("a dimension that is too large", xlsx(BODY, before='<dimension ref="A1:XFD1048576"/>'), SOUND, in_child=True),
    table("a dimension that is too small", xlsx(BODY, before='<dimension ref="A1:A1"/>'), SOUND, in_child=True),
    table("a relation from the root", xlsx(BODY, target="/xl/worksheets/sheet1.xml"), SOUND),
    table(
        "names of parts in capitals",
        packed({k.replace("sheet1", "SHEET1"): v for k, v in xlsx_parts(BODY).items()}),
        SOUND,
    ),
    table(
        "names of parts with backslashes", packed({k.replace("/", "\\"): v for k, v in xlsx_parts(BODY).items()}), SOUND
    ),
    table("parts that are not compressed", packed(xlsx_parts(BODY), compression=0), SOUND),
    table(
        "prefixes of names in XML",
        packed(
            {
                k: v
                if k != "xl/worksheets/sheet1.xml" or isinstance(v, bytes)
                else v.replace("</", "</x:")
                .replace("<", "<x:")
                .replace("<x:/x:", "</x:")
                .replace("<x:?", "<?")
                .replace("xmlns=", "xmlns:x=")
                for k, v in xlsx_parts(BODY).items()
            }
        ),
        SOUND,
    ),
    table(
        "the strict kind of workbook",
        packed(
            {
                k: v.replace(MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main") if isinstance(v, str) else v
                for k, v in xlsx_parts(BODY).items()
            }
        ),
        SOUND,
    ),
    table(
        "shared texts",
        _shared(
            'count="3" uniqueCount="3"><si><t>a</t></si><si><t>b</t></si><si><t xml:space="preserve"> x </t></si>',
            number("A1", 0, "s") + number("B1", 1, "s"),
            number("A2", 1.5) + number("B2", 2, "s"),
        ),
        {"a": [1.5], "b": [" x "]},
    ),
    table(
        "shared texts in pieces, with reading aids",
        _shared(
            'count="3"><si><t>a</t></si><si><t>b</t></si><si><r><t>x</t></r><r><rPr><b/></rPr><t>y</t></r>'
            '<rPh sb="0" eb="1"><t>AID</t></rPh></si>',
            number("A1", 0, "s") + number("B1", 1, "s"),
            number("A2", 5) + number("B2", 2, "s"),
        ),
        {"a": [5], "b": ["xy"]},
    ),
    table(
        "escaped characters in texts",
        xlsx(HEAD + f'<row r="2">{number("A2", 5)}{text("B2", "x_x000D_&amp;_x005F_x0041_&#10;y")}</row>'),
        {"a": [5], "b": ["x\r&_x0041_\ny"]},
    ),
    table(
        "dates as text in XML",
        xlsx(
            HEAD + f'<row r="2">{number("A2", "2010-02-05", "d")}{number("B2", 1)}</row>'
            f'<row r="3">{number("A3", "2010-02-06T12:00:00", "d")}{number("B3", 2)}</row>'
        ),
        {"a": [datetime(2010, 2, 5), datetime(2010, 2, 6, 12)], "b": [1, 2]},
    ),
    table(
        "flags as numbers",
        xlsx(HEAD + f'<row r="2">{number("A2", 1, "b")}{number("B2", 0, "b")}</row>'),
        {"a": [True], "b": [False]},
    ),
    table(
        "a formula with a text as its result",
        xlsx(HEAD + '<row r="2"><c r="A2" t="str"><f>1&amp;2</f><v>12</v></c>' + number("B2", 5) + "</row>"),
        {"a": ["12"], "b": [5]},
    ),
    table(
        "a formula with an empty text",
        xlsx(HEAD + '<row r="2"><c r="A2" t="str"><f>""</f><v></v></c>' + number("B2", 5) + "</row>"),
        {"a": [None], "b": [5]},
    ),
    table(
        "errors in XML",
        xlsx(
            HEAD
            + f'<row r="2">{number("A2", "#N/A", "e")}{number("B2", 1)}</row>'
            + f'<row r="3">{number("A3", 2)}{number("B3", 3)}</row>'
        ),
        {"a": [None, 2], "b": [1, 3]},
        "which count as missing: 1",
    ),
    table(
        "numbers to the last digit",
        xlsx(HEAD + f'<row r="2">{number("A2", "0.30000000000000004")}{number("B2", "1E2")}</row>'),
        {"a": [0.30000000000000004], "b": [100]},
    ),
    table(
        "rows out of order",
        xlsx(
            HEAD
            + f'<row r="3">{number("A3", 2)}{text("B3", "y")}</row><row r="2">{number("A2", 1)}{text("B2", "x")}</row>'
        ),
        SOUND,
        in_child=True,
    ),
    table(
        "a cell in the last place of a sheet is out of reach",
        xlsx(
            HEAD
            + f'<row r="2">{number("A2", 1)}{text("B2", "x")}</row><row r="3">{number("A3", 2)}{text("B3", "y")}</row>',
            before='<cols><col min="1" max="16384" width="9"/></cols>',
        ),
        SOUND,
    ),
    refused(
        "two cells in the corners of a sheet",
        xlsx(f'<row r="1">{text("A1", "a")}</row><row r="1048576">{number("XFD1048576", 1)}</row>'),
        ENDED,
        in_child=True,
    ),
    refused(
        "a lying count of shared texts",
        _shared(
            'count="4000000000" uniqueCount="4000000000"><si><t>a</t></si><si><t>b</t></si>',
            number("A1", 0, "s") + number("B1", 1, "s"),
            number("A2", 5) + number("B2", 6),
        ),
        ENDED,
        in_child=True,
    ),
    refused(
        "a row beyond the last",
        xlsx(HEAD + f'<row r="99999999999">{number("A99999999999", 1)}</row>'),
        ENDED,
        in_child=True,
    ),
    refused("a column beyond the last", xlsx(HEAD + f'<row r="2">{number("ZZZZZZ2", 1)}</row>'), ENDED, in_child=True),
    refused(
        "XML in UTF-16",
        packed(xlsx_parts(BODY) | {"xl/worksheets/sheet1.xml": _utf_16(xlsx_parts(BODY))}),
        DAMAGED,
        in_child=True,
    ),
    refused("a dimension that is none", xlsx(BODY, before='<dimension ref="nonsense"/>'), DAMAGED, in_child=True),
    refused("a relation with steps back", xlsx(BODY, target="../xl/worksheets/sheet1.xml"), DAMAGED, in_child=True),
    refused(
        "numbers with blanks around",
        xlsx(HEAD + f'<row r="2">{number("A2", " 5 ")}{number("B2", 1)}</row>'),
        DAMAGED,
        in_child=True,
    ),
    refused(
        "a text that is not there",
        xlsx(HEAD + f'<row r="2">{number("A2", 99, "s")}{number("B2", 1)}</row>'),
        DAMAGED,
        in_child=True,
    ),
    refused(
        "a number that is none",
        xlsx(HEAD + f'<row r="2">{number("A2", "twelve")}{number("B2", 1)}</row>'),
        DAMAGED,
        in_child=True,
    ),
    refused("a row of number zero", xlsx(HEAD + f'<row r="0">{number("A0", 1)}</row>'), DAMAGED, in_child=True),
    refused(
        "a sheet cut off",
        packed(xlsx_parts(BODY) | {"xl/worksheets/sheet1.xml": f'{XML}<worksheet xmlns="{MAIN}"><sheetData>{BODY}'}),
        DAMAGED,
        in_child=True,
    ),
    refused(
        "tags that do not fit",
        packed(xlsx_parts(BODY) | {"xl/worksheets/sheet1.xml": f"{XML}<worksheet><sheetData></row></worksheet>"}),
        DAMAGED,
        in_child=True,
    ),
    refused("no sheet behind its relation", _without("xl/worksheets/sheet1.xml"), DAMAGED, in_child=True),
    refused("no relations", _without("xl/_rels/workbook.xml.rels"), DAMAGED, in_child=True),
    refused("a sheet elsewhere on the disk", xlsx(BODY, target="../../../../etc/passwd"), DAMAGED, in_child=True),
    refused("laughs by the billion", _laughs(), DAMAGED, in_child=True),
    refused("a text from a file of the server", _reads_a_file(), DAMAGED, in_child=True),
    refused(
        "no list of sheets",
        _with("xl/workbook.xml", '<sheet name="data" sheetId="1" r:id="rId1"/>', ""),
        "The workbook has no visible worksheet. Show one in Excel and save it.",
        in_child=True,
    ),
]
