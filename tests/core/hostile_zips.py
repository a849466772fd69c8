"""Archives whose layout lies, hides something, or is not the one we write."""

from __future__ import annotations

import zipfile
from dataclasses import replace

from tests.core.hostile_changes import extra, piece, plain_zip, same, whole_file, zipped
from tests.core.hostile_foreign import pickled
from tests.core.hostile_packing import Case, pieces_of, zip_of

ZIPS = {
    "cut in half": Case(lambda sound: whole_file(sound)[: len(whole_file(sound)) // 2], "cut off"),
    "last byte missing": Case(lambda sound: whole_file(sound)[:-1], "cut off"),
    "only a local header": Case(lambda sound: whole_file(sound)[:43], "cut off"),
    "only an empty directory": Case(lambda _: zip_of([]), "lacks its part"),
    "prefixed with a script": Case(zipped(same, prefix=b"#!/bin/sh\nexit\n"), "hides 15 bytes before"),
    "prefixed, offsets not moved": Case(lambda s: b"MZ\x90\0" + whole_file(s), "bytes before, between or after"),
    "prefixed with a pickle": Case(lambda s: pickled(4)(s) + whole_file(s), "bytes before, between or after"),
    "suffixed": Case(zipped(same, suffix=b"<html>"), "after its end"),
    "suffixed with a second archive": Case(lambda s: whole_file(s) + whole_file(s), "bytes before, between or after"),
    "commented": Case(zipped(same, comment=b"hello"), "after its end"),
    "hidden bytes before the directory": Case(zipped(same, before_directory=b"x" * 9), "hides 9 bytes before its dir"),
    "hidden bytes between members": Case(piece(2, before=b"x" * 7), "hides 7 bytes before its arrays"),
    "hidden bytes before the end": Case(zipped(same, before_end=b"x" * 7), "bytes before, between or after"),
    "hidden unlisted member": Case(piece(3, listed=False), "lacks its part 'weights.safetensors'"),
    "zip64": Case(zipped(same, before_end=b"PK\6\7" + bytes(16)), "ZIP64"),
    "claims a member more": Case(zipped(same, n_total=5), "lists 4 members and claims 5"),
    "claims 65,535 members": Case(zipped(same, n_total=65_535), "65,535 members"),
    "claims a larger directory": Case(zipped(same, directory_size=60_000), "more bytes than the file has"),
    "claims a smaller directory": Case(zipped(same, directory_size=100), "bytes before, between or after"),
    "encrypted": Case(piece(3, flags=1), "encrypted"),
    "streamed": Case(piece(3, flags=8), "ZIP features"),
    "utf-8 flag": Case(piece(0, flags=0x800), "ZIP features"),
    "deflated": Case(lambda s: plain_zip(s.parts, zipfile.ZIP_DEFLATED), "compressed"),
    "bzip2": Case(lambda s: plain_zip(s.parts, zipfile.ZIP_BZIP2), "compressed"),
    "deflated bomb": Case(
        lambda s: plain_zip(s.parts | {"weights.safetensors": bytes(50_000_000)}, zipfile.ZIP_DEFLATED), "compressed"
    ),
    "packed again, stored": Case(lambda s: plain_zip(s.parts), "packed it again"),
    "members in another order": Case(zipped(lambda pieces: pieces[::-1]), "not in their order"),
    "dated": Case(piece(1, date=0x5A21), "contradict each other"),
    "extra field": Case(piece(1, extra=b"up\x04\x00abcd"), "ZIP features"),
    "needs a newer unpacker": Case(piece(1, version=63), "ZIP features"),
    "twice the manifest": Case(zipped(lambda p: [p[0], *p]), "'manifest.json' more than once"),
    "twice the weights": Case(zipped(lambda p: [*p, p[3]]), "'weights.safetensors' more than once"),
    "missing preprocess": Case(zipped(lambda p: [p[0], *p[2:]]), "lacks its part 'preprocess.json'"),
    "missing manifest": Case(zipped(lambda p: p[1:]), "a ZIP archive of other files"),
    "extra member": Case(extra(b"readme.txt"), "'readme.txt', which is no part"),
    "extra folder": Case(extra(b"extra/"), "'extra/', which is no part"),
    "name in capitals": Case(piece(1, name=b"PREPROCESS.JSON"), "'PREPROCESS.JSON', which is no part"),
    "parent folder": Case(extra(b"../../evil.sh"), "unsafe name '../../evil.sh'"),
    "absolute name": Case(extra(b"/etc/passwd"), "unsafe name '/etc/passwd'"),
    "drive name": Case(extra(b"C:evil.exe"), "unsafe name 'C:evil.exe'"),
    "backslash name": Case(extra(b"..\\evil.exe"), "unsafe name"),
    "NUL in a name": Case(extra(b"manifest.json\0.pkl"), "unsafe name"),
    "line break in a name": Case(extra(b"a\nb"), "unsafe name"),
    "empty name": Case(extra(b""), "unsafe name"),
    "markup in a name": Case(extra(b"<img src=x>"), "no part of a model"),
    "symlink": Case(piece(3, attributes=0o120777 << 16), "a link"),
    "device": Case(piece(3, attributes=0o020666 << 16), "not marked as an ordinary file"),
    "overlapping": Case(
        lambda s: zip_of([*pieces_of(s.parts)[:3], replace(pieces_of(s.parts)[3], offset=0)]), "overlaps"
    ),
    "all at one place": Case(zipped(lambda p: [replace(piece, offset=0) for piece in p]), "overlaps"),
    "claims 4 GB": Case(piece(3, claimed_size=0xFFFFFFFE), "runs into what follows"),
    "claims less": Case(piece(3, claimed_size=10), "bytes before its directory"),
    "two sizes": Case(piece(3, stored_size=10), "two sizes"),
    "offset past the end": Case(piece(3, offset=0xFFFFFFF0), "hides"),
    "local header with another name": Case(piece(0, local_name=b"manifesT.json"), "contradict each other"),
    "local header with a longer name": Case(piece(0, local_name=b"manifest.json.exe"), "hides 4 bytes"),
    "local header with another size": Case(piece(1, local_size=3), "contradict each other"),
    "local header with another checksum": Case(piece(1, local_crc=1), "contradict each other"),
    "local header that is encrypted": Case(piece(1, local_flags=1), "contradict each other"),
    "local header that is deflated": Case(piece(1, local_method=8), "contradict each other"),
    "wrong checksum": Case(piece(3, crc=1), "does not match its checksum"),
    "wrong checksum of the manifest": Case(piece(0, crc=1), "does not match its checksum"),
}
