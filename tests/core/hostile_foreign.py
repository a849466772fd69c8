"""Files of other programs under our name: tables, pictures, archives and every kind of pickle."""

from __future__ import annotations

import gzip
import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch

from tests.core.hostile_changes import plain_zip, whole_file, with_part
from tests.core.hostile_packing import NAMES, Case, Piece, Sound, pieces_of, zip_of


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self.marker), "w"))


def pickled(protocol: int) -> Callable[[Sound], bytes]:
    """Return a payload pickled."""
    return lambda sound: pickle.dumps(Payload(sound.marker), protocol)


def pickle_as(name: str, protocol: int) -> Callable[[Sound], bytes]:
    """Put a payload in the place of a member."""
    if name == "manifest.json":
        return lambda sound: zip_of(pieces_of(sound.parts | {name: pickled(protocol)(sound)}))
    return lambda sound: with_part(sound.parts, name, pickled(protocol)(sound))


def pickle_beside(name: bytes) -> Callable[[Sound], bytes]:
    """Put a payload beside the members."""
    return lambda sound: zip_of([*pieces_of(sound.parts), Piece(name, pickled(4)(sound))])


def _torch_saved(new_format: bool) -> Callable[[Sound], bytes]:
    def make(sound: Sound) -> bytes:
        buffer = io.BytesIO()
        torch.save({"model": Payload(sound.marker)}, buffer, _use_new_zipfile_serialization=new_format)
        return buffer.getvalue()

    return make


def _torchscript(sound: Sound) -> bytes:
    return plain_zip(
        {
            "model/data.pkl": pickled(2)(sound),
            "model/code/__torch__.py": b"class Module(Module):\n  pass\n",
            "model/constants.pkl": pickled(2)(sound),
            "model/version": b"3\n",
        }
    )


def _joblib(compress: int) -> Callable[[Sound], bytes]:
    def make(sound: Sound) -> bytes:
        buffer = io.BytesIO()
        joblib.dump(Payload(sound.marker), buffer, compress=compress)
        return buffer.getvalue()

    return make


def _workbook(_: Sound) -> bytes:
    return plain_zip({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"}, zipfile.ZIP_DEFLATED)


def _numpy_file(_: Sound) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


def _constant(data: bytes) -> Callable[[Sound], bytes]:
    return lambda _: data


FOREIGN = {
    "empty": Case(_constant(b""), "empty"),
    "one byte": Case(_constant(b"P"), "not a model"),
    "csv": Case(_constant(b"age,city\n31,Bern\n"), "a table or another text"),
    "csv of one column that looks like a call": Case(_constant(b"city\nparis\nprague\n"), "a table or another text"),
    "csv in utf-16": Case(_constant("age;city\n31;Zürich\n".encode("utf-16")), "a table or another text"),
    "html": Case(_constant(b"<html><body>Sign in</body></html>"), "a table or another text"),
    "json": Case(_constant(b'{"format":"rowsmith-model"}'), "a table or another text"),
    "xlsx": Case(_workbook, "a spreadsheet"),
    "ods": Case(lambda _: plain_zip({"mimetype": b"x", "content.xml": b"<x/>"}), "a spreadsheet"),
    "xls": Case(_constant(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), "Office file"),
    "parquet": Case(_constant(b"PAR1" + bytes(60) + b"PAR1"), "a Parquet table"),
    "pdf": Case(_constant(b"%PDF-1.7\n"), "a PDF"),
    "picture": Case(_constant(b"\x89PNG\r\n\x1a\n" + bytes(40)), "a picture"),
    "numpy array": Case(_numpy_file, "a NumPy array"),
    "numpy archive": Case(lambda _: plain_zip({"a.npy": b"x"}), "a NumPy archive"),
    "keras": Case(lambda _: plain_zip({"config.json": b"{}", "model.weights.h5": b"x"}), "a Keras file"),
    "hdf5": Case(_constant(b"\x89HDF\r\n\x1a\n" + bytes(40)), "HDF5"),
    "gzip": Case(lambda sound: gzip.compress(whole_file(sound)), "a gzip archive"),
    "bare weights": Case(lambda sound: sound.parts["weights.safetensors"], "bare weights"),
    "random bytes": Case(_constant(bytes(range(1, 256)) * 9), "of an unknown kind"),
    "torch.save": Case(_torch_saved(True), "a PyTorch file"),
    "torch.save of old": Case(_torch_saved(False), "a Python pickle"),
    "torchscript": Case(_torchscript, "a TorchScript program"),
    "joblib": Case(_joblib(0), "a Python pickle"),
    "joblib, compressed": Case(_joblib(3), "a compressed file"),
    "zip of a model": Case(lambda sound: plain_zip({"model.rowsmith": whole_file(sound)}), "a model inside"),
    "zip of anything": Case(lambda _: plain_zip({"readme.txt": b"hello"}), "a ZIP archive of other files"),
    "zip of a pickle": Case(lambda sound: plain_zip({"model.pkl": pickled(4)(sound)}), "a Python pickle"),
    "pickle of a number, text protocol": Case(lambda _: pickle.dumps(7, 0), "a Python pickle"),
    "pickle of a dict, text protocol": Case(lambda _: pickle.dumps({"a": [1.5]}, 0), "a Python pickle"),
    "pickle of a list, binary protocol 1": Case(lambda _: pickle.dumps([1, 2], 1), "a Python pickle"),
    **{f"pickle, protocol {n}": Case(pickled(n), "a Python pickle") for n in range(6)},
}

PICKLES_INSIDE = {
    **{f"pickle as {name}, protocol {n}": Case(pickle_as(name, n), name) for name in NAMES for n in range(6)},
    **{
        f"pickle beside as {name}": Case(pickle_beside(name.encode()), "no part of a model")
        for name in ("data.pkl", "__reduce__", "model.py", "code/__init__.py")
    },
}
