"""JSON members that are not JSON, or far too much of it."""

from __future__ import annotations

from tests.core.hostile_changes import manifest_text, part, with_device, with_number, with_setting
from tests.core.hostile_packing import Case

JSONS = {
    "manifest empty": Case(manifest_text(lambda _: b""), "not JSON"),
    "manifest of spaces": Case(manifest_text(lambda _: b" " * 100), "not JSON"),
    "manifest too long": Case(manifest_text(lambda data: data + b" " * 7_000_000), "bytes long where"),
    "manifest in utf-8": Case(with_device("Zürich".encode()), "plain ASCII"),
    "manifest in utf-16": Case(manifest_text(lambda data: data.decode().encode("utf-16")), "plain ASCII"),
    "manifest with a BOM": Case(manifest_text(lambda data: b"\xef\xbb\xbf" + data), "plain ASCII"),
    "manifest with a tail": Case(manifest_text(lambda data: data + b"{}"), "not JSON"),
    "manifest with a comment": Case(manifest_text(lambda data: b"//x\n" + data), "not JSON"),
    "manifest cut": Case(manifest_text(lambda data: data[:-5]), "not JSON"),
    "manifest a list": Case(manifest_text(lambda _: b"[]"), "not that of a Rowsmith model"),
    "manifest null": Case(manifest_text(lambda _: b"null"), "not that of a Rowsmith model"),
    "duplicate key": Case(
        manifest_text(lambda data: data.replace(b'"task":', b'"task":"regression","task":')), "'task' more than once"
    ),
    "duplicate key by escape": Case(
        manifest_text(lambda data: data.replace(b'"task":', b'"t\\u0061sk":"regression","task":')), "more than once"
    ),
    "300,000 keys and a duplicate": Case(
        with_setting(b"{" + b",".join(b'"%d":0' % n for n in range(300_000)) + b',"299999":1}'), "more entries than"
    ),
    "9,000 keys and a duplicate": Case(
        with_setting(b"{" + b",".join(b'"%d":0' % n for n in range(9_000)) + b',"8999":1}'), "'8999' more than once"
    ),
    "390,000 short texts": Case(
        with_setting(b"[" + b",".join(b'"%05d"' % n for n in range(390_000)) + b",]"), "not JSON"
    ),
    "100,000 lists of one": Case(with_setting(b"[" + b"[0]," * 100_000 + b"]"), "not JSON"),
    "350,000 long numbers": Case(with_setting(b"[" + b"1.2345678901," * 350_000 + b"]"), "not JSON"),
    "depth 100,000": Case(with_setting(b"[" * 100_000 + b"]" * 100_000), "nested 100,0"),
    "depth 100,000, never closed": Case(with_setting(b"[" * 100_000), "nested 100,0"),
    "depth 50,000 of objects": Case(with_setting(b'{"a":' * 50_000 + b"1" + b"}" * 50_000), "more entries than"),
    "brackets in a text count as none": Case(with_setting(b'["' + b"[" * 50 + b'",' + b"[" * 13), "nested"),
    "million empty lists": Case(with_setting(b"[" + b"[]," * 1_000_000 + b"0]"), "more lists than"),
    "two million numbers": Case(with_setting(b"[" + b"0," * 2_000_000 + b"0]"), "more values than"),
    "million empty texts": Case(with_setting(b"[" + b'"",' * 1_900_000 + b'""]'), "more values than"),
    "six million letters of four bytes": Case(with_setting(b'"' + b"x" * 6_000_000 + b'\\ud83e\\uddf5",,'), "not JSON"),
    "10^400": Case(with_number(b"1" + b"0" * 400), "401 digits"),
    "-10^400": Case(with_number(b"-1" + b"0" * 400), "digits"),
    "a million digits": Case(with_number(b"9" * 1_000_000), "1,000,000 digits"),
    "1e400": Case(with_number(b"1e400"), "not a finite number"),
    "a million decimals": Case(with_number(b"0." + b"9" * 1_000_000), "digits, beyond every range"),
    "NaN": Case(with_number(b"NaN"), "NaN"),
    "Infinity": Case(with_number(b"Infinity"), "Infinity"),
    "-Infinity": Case(with_number(b"-Infinity"), "-Infinity"),
    "hexadecimal": Case(with_number(b"0x10"), "not JSON"),
    "lone surrogate": Case(with_device(b"a\\ud800b"), "half a character"),
    "lone low surrogate": Case(with_device(b"\\uDC00"), "half a character"),
    "lone surrogate in a key": Case(with_setting(b'{"\\udfff":1}'), "half a character"),
    "raw line break in a text": Case(with_device(b"a\nb"), "not JSON"),
    "unknown escape": Case(with_device(b"\\x41"), "not JSON"),
    "preprocess not JSON": Case(part("preprocess.json", lambda _: b"{"), "preprocess.json is not JSON"),
    "preprocess a text": Case(part("preprocess.json", lambda _: b'"x"'), "where an object belongs"),
    "preprocess depth 100,000": Case(part("preprocess.json", lambda _: b"[" * 100_000), "preprocess.json is nested"),
    "preprocess duplicate key": Case(
        part("preprocess.json", lambda data: data.replace(b'"sparse"', b'"sort":true,"sparse"', 1)), "more than once"
    ),
    "preprocess of a million texts": Case(
        part("preprocess.json", lambda _: b"[" + b'"ab",' * 1_000_000 + b"0]"), "more values than"
    ),
    "preprocess of six million letters of four bytes": Case(
        part("preprocess.json", lambda _: b'{"scaler":"' + b"x" * 6_000_000 + b'\\ud83e\\uddf5"}'), "lacks the entry"
    ),
    "preprocess of 8 MB": Case(part("preprocess.json", lambda _: b'"' + b"x" * 8_000_000 + b'"'), "is longer than"),
}
