"""Writes a trained bundle as one file and reads it back, without trusting the file.

The file is a ZIP of plain JSON and safetensors (`core.bundle`); no code in it is ever run. Torch and
scikit-learn are imported only when a bundle is saved or loaded, so that `inspect_bundle` is cheap.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from core.bundle.archive import MAX_FILE_BYTES, Entry, read_directory, read_member, write_archive
from core.bundle.flaw import FlawError
from core.bundle.inputs import plain
from core.bundle.manifest import FORMAT_VERSION, MAX_MANIFEST_BYTES, Manifest, parse_manifest, render_manifest
from core.bundle.origin import HEAD_BYTES, declared_version, origin_of
from core.calibration import Calibration, flaw_of
from core.errors import BundleError, BundleMissingError, BundleWriteError, RunError
from core.types import InputSchema, Metrics, ModelBundle, TrainingRecord
from core.workspace import write_atomically

if TYPE_CHECKING:
    import torch

__all__ = [
    "FILE_NAME", "FORMAT_VERSION", "BundleSummary", "inspect_bundle", "load_bundle", "recalibrate", "save_bundle",
]  # fmt: skip

FILE_NAME = "model.rowsmith"
METRICS_NAME = "metrics.json"


@dataclass(frozen=True)
class BundleSummary:
    """What a model file says of itself, for pages that do not load the model."""

    task: str
    target_column: str
    class_names: tuple[str, ...] | None
    input_dim: int
    output_dim: int
    model_config: dict[str, Any]
    schema: InputSchema | None
    record: TrainingRecord | None
    calibration: Calibration | None
    format_version: int
    n_bytes: int


def save_bundle(
    bundle: ModelBundle, output_dir: str | Path, metrics: Metrics | Mapping[str, Any] | None = None
) -> Path:
    """Write `model.rowsmith`, and `metrics.json` where metrics are given, into `output_dir`; return its path.

    Folders are made. The file appears under its name only once it is whole and has been loaded
    again. Raises BundleError where the bundle is not one that a file can hold, and
    BundleWriteError (also an OSError) where the disk refuses.
    """
    from core.bundle.pack import pack

    path = Path(output_dir) / FILE_NAME
    try:
        members = pack(bundle)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda temporary: _write_checked(temporary, members))
        if metrics is not None:
            write_atomically(path.with_name(METRICS_NAME), _metrics_json(metrics))
    except FlawError as flaw:
        raise BundleError(f"This model cannot be saved: {flaw}; train it with Rowsmith, or mend that.") from flaw
    except RunError as error:
        raise BundleWriteError(str(error)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise BundleWriteError(f"{path} could not be written: {reason}; choose another folder.") from error
    return path


def load_bundle(path: str | Path, map_location: str | torch.device = "cpu") -> ModelBundle:
    """Return the bundle in a file, its network in `eval()` on `map_location`. Source: REQ-T22.

    Raises BundleMissingError (also a FileNotFoundError) where there is no such file, BundleError in
    one sentence where it is not a sound model file, and ConfigError where there is no such device.
    """
    from core.bundle.unpack import unpack
    from core.inference import choose_device

    device = choose_device(map_location)
    with _opened(path) as (file, n_bytes):
        entries, manifest = _read_manifest(file, n_bytes)
        bundle = unpack(file, entries, manifest)
    bundle.model.to(device)
    return bundle


def inspect_bundle(path: str | Path) -> BundleSummary:
    """Return what a model file says of itself; raises as `load_bundle` does.

    Checks the layout and the manifest. Only `load_bundle` looks at the numbers.
    """
    with _opened(path) as (file, n_bytes):
        _, manifest = _read_manifest(file, n_bytes)
    return BundleSummary(
        task=manifest.task,
        target_column=manifest.target_column,
        class_names=None if manifest.class_names is None else tuple(manifest.class_names),
        input_dim=manifest.architecture.input_dim,
        output_dim=manifest.architecture.output_dim,
        model_config=manifest.architecture.as_dict(),
        schema=manifest.schema,
        record=manifest.record,
        calibration=manifest.calibration,
        format_version=FORMAT_VERSION,
        n_bytes=n_bytes,
    )


def recalibrate(path: str | Path, calibration: Calibration | None, model_card: str | None = None) -> None:
    """Give the model in a file another calibration, and another card; all else stays as it is, byte for byte.

    Raises as `load_bundle` and `save_bundle` do. Imports neither torch nor scikit-learn.
    """
    flaw = None if calibration is None else flaw_of(calibration)
    if flaw is not None:
        raise BundleError(f"This calibration cannot be saved: {flaw}; choose another.")
    with _opened(path) as (file, n_bytes):
        entries, manifest = _read_manifest(file, n_bytes)
        members = {name: read_member(file, entries[name]) for name in entries}
    record = manifest.record
    if record is not None and model_card is not None:
        record = replace(record, model_card=model_card)
    members["manifest.json"] = render_manifest(replace(manifest, calibration=calibration, record=record))
    try:
        write_atomically(Path(path), lambda temporary: _write_members(temporary, members))
    except RunError as error:
        raise BundleWriteError(str(error)) from error


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[BinaryIO, int]]:
    """Open a model file and give it with its size; what goes wrong while it is open becomes one sentence."""
    try:
        n_bytes = _size_of(Path(path))
        with Path(path).open("rb") as file:
            _check_origin(file, n_bytes)
            yield file, n_bytes
    except FlawError as flaw:
        remedy = "use it as Rowsmith saved it, or save it again"
        raise BundleError(f"This model file cannot be used: {flaw}; {remedy}.") from flaw
    except FileNotFoundError as error:
        if isinstance(error, BundleError):
            raise
        raise BundleMissingError(f"There is no model file {str(path)!r}; check its name and folder.") from error
    except OSError as error:
        reason = error.strerror or "the system refused"
        raise BundleError(f"This model file cannot be read: {reason}; check its name and permissions.") from error


def _size_of(path: Path) -> int:
    if "\0" in str(path):
        raise BundleMissingError("There is no model file whose name holds a NUL character; check the name.")
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise BundleError(f"This is a folder, not a model file; choose the file {FILE_NAME} in it.")
    if not stat.S_ISREG(found.st_mode):
        raise BundleError("This is a device or a pipe, not a model file; choose a file that ends in .rowsmith.")
    if not found.st_size:
        raise BundleError("This file is empty, as after a download that broke off; download or save it again.")
    if found.st_size > MAX_FILE_BYTES:
        raise FlawError(f"it is {found.st_size / 2**30:,.0f} GB large, and no model file exceeds 4 GB")
    return found.st_size


def _check_origin(file: BinaryIO, n_bytes: int) -> None:
    declared = declared_version(file.read(HEAD_BYTES))
    if declared is not None and declared[0] > FORMAT_VERSION:
        raise BundleError(
            f"This model file is of format {declared[0]} and this Rowsmith reads {FORMAT_VERSION}; "
            f"update to Rowsmith {declared[1]} or newer."
        )
    origin = origin_of(file, n_bytes)
    if origin is not None:
        raise BundleError(f"This file is {origin.kind}, not a model of Rowsmith; {origin.remedy}.")


def _read_manifest(file: BinaryIO, n_bytes: int) -> tuple[dict[str, Entry], Manifest]:
    entries = read_directory(file, n_bytes)
    size = entries["manifest.json"].size
    if size > MAX_MANIFEST_BYTES:
        raise FlawError(f"its manifest.json is {size:,} bytes long where {MAX_MANIFEST_BYTES:,} are allowed")
    return entries, parse_manifest(read_member(file, entries["manifest.json"]))


def _write_members(temporary: Path, members: Mapping[str, bytes]) -> None:
    with temporary.open("w+b") as file:
        write_archive(file, members)


def _write_checked(temporary: Path, members: Mapping[str, bytes]) -> None:
    from core.bundle.unpack import unpack

    with temporary.open("w+b") as file:
        write_archive(file, members)
        file.flush()
        entries, manifest = _read_manifest(file, file.tell())
        unpack(file, entries, manifest)


def _metrics_json(metrics: Metrics | Mapping[str, Any]) -> bytes:
    values = plain(metrics if isinstance(metrics, Mapping) else asdict(metrics))
    return (json.dumps(values, indent=2, allow_nan=False) + "\n").encode("ascii")
