"""Workbooks written by hand, part by part, so that each part can lie."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

Parts = dict[str, str | bytes]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
OFFICE = "urn:oasis:names:tc:opendocument:xmlns"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

TYPES = (
    f'{XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
RELS = (
    f'{XML}<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" '
    f'Type="{DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)


def packed(parts: Mapping[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP archive of `parts`."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return sink.getvalue()


def xlsx_parts(rows: str, *, shared: str = "", styles: str = "", before: str = "", target: str = "") -> Parts:
    """Return the parts of a workbook with one sheet 'data', whose rows are XML."""
    relations = [("worksheet", target or "worksheets/sheet1.xml")]
    relations += [("sharedStrings", "sharedStrings.xml")] if shared else []
    relations += [("styles", "styles.xml")] if styles else []
    listed = "".join(
        f'<Relationship Id="rId{i}" Type="{DOCUMENT}/{kind}" Target="{path}"/>'
        for i, (kind, path) in enumerate(relations, start=1)
    )
    parts: Parts = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": RELS,
        "xl/workbook.xml": f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{DOCUMENT}"><sheets>'
        '<sheet name="data" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{XML}<Relationships xmlns="{RELATIONS}">{listed}</Relationships>',
        "xl/worksheets/sheet1.xml": f'{XML}<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData></worksheet>',
    }
    if shared:
        parts["xl/sharedStrings.xml"] = f'{XML}<sst xmlns="{MAIN}" {shared}</sst>'
    if styles:
        parts["xl/styles.xml"] = f'{XML}<styleSheet xmlns="{MAIN}">{styles}</styleSheet>'
    return parts


def xlsx(rows: str, **more: str) -> bytes:
    """Return a workbook with one sheet, whose rows are XML."""
    return packed(xlsx_parts(rows, **more))


def text(reference: str, value: str) -> str:
    """Return the XML of a cell that holds a text of its own."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{value}</t></is></c>'


def number(reference: str, value: object, kind: str = "n") -> str:
    """Return the XML of a cell that holds a value."""
    return f'<c r="{reference}" t="{kind}"><v>{value}</v></c>'


HEAD = f'<row r="1">{text("A1", "a")}{text("B1", "b")}</row>'


def book(fill: Callable[[Worksheet], object]) -> Callable[[], bytes]:
    """Return a builder of a workbook whose one sheet `fill` fills."""

    def build() -> bytes:
        workbook = openpyxl.Workbook()
        fill(workbook["Sheet"])
        sink = io.BytesIO()
        workbook.save(sink)
        return sink.getvalue()

    return build


def rows(*lines: list[object]) -> Callable[[], bytes]:
    """Return a builder of a workbook of one sheet with these rows."""
    return book(lambda sheet: [sheet.append(line) for line in lines])


def ods(table_rows: str, style: str = "", more: str = "") -> bytes:
    """Return an ODS workbook with one sheet, whose rows are XML."""
    styled = f' table:style-name="{style}"' if style else ""
    spaces = "".join(f' xmlns:{short}="{OFFICE}:{short}:1.0"' for short in ("office", "table", "text", "style"))
    content = (
        f'{XML}<office:document-content{spaces} office:version="1.2">{more}<office:body><office:spreadsheet>'
        f'<table:table table:name="data"{styled}>{table_rows}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    manifest = (
        f'{XML}<manifest:manifest xmlns:manifest="{OFFICE}:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="/" '
        'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
    )
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content,
            "META-INF/manifest.xml": manifest,
        }
    )


def ods_row(*cells: str, repeated: int = 1) -> str:
    """Return the XML of a row of an ODS sheet."""
    many = f' table:number-rows-repeated="{repeated}"' if repeated > 1 else ""
    return f"<table:table-row{many}>{''.join(cells)}</table:table-row>"


def ods_text(value: str, attributes: str = "") -> str:
    """Return the XML of a text cell of an ODS sheet."""
    return f'<table:table-cell office:value-type="string"{attributes}><text:p>{value}</text:p></table:table-cell>'


def ods_value(kind: str, value: object, attributes: str = "") -> str:
    """Return the XML of a cell of an ODS sheet that holds a value of `kind`."""
    key = {"float": "value", "percentage": "value", "currency": "value"}.get(kind, f"{kind}-value")
    return f'<table:table-cell office:value-type="{kind}" office:{key}="{value}"{attributes}/>'
