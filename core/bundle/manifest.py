"""What a model file says of itself: task, architecture, target, inputs, record and the hashes of its parts.

Imports neither torch nor scikit-learn, so that a page can show a model without loading it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.bundle.archive import MEMBERS
from core.bundle.calibration import calibration_from_json, calibration_to_json
from core.bundle.document import parse_document, render_document
from core.bundle.fields import Fields
from core.bundle.flaw import FlawError, shown
from core.bundle.inputs import record_from_json, record_to_json, schema_from_json, schema_to_json
from core.bundle.shape import parse_shape
from core.calibration import Calibration
from core.networks.shape import AddedShape, BlendShape
from core.types import (
    ADDED_MODES,
    CLASSIFICATION_ONLY_MODES,
    TASKS,
    TRAINING_MODES,
    InputSchema,
    TrainingRecord,
    setting_of,
)

FORMAT = "rowsmith-model"
FORMAT_VERSION = 1
NEEDED_VERSION = "0.1.0"  # the oldest Rowsmith that reads this format
MAX_MANIFEST_BYTES = 6 * 2**20
MAX_VALUES = 400_000
MAX_INPUTS = 2_000_000
MAX_OUTPUTS = 100_000

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CALIBRATION = "calibration"  # which a model without one, or of an earlier version, lacks
_ENTRIES = ("format", "format_version", "needs", "task", "target_column", "class_names", "model", "schema", "record")


@dataclass(frozen=True)
class Architecture:
    """The arguments of `core.models.build_network`; a network of an added mode has a `shape`."""

    training_mode: str
    input_dim: int
    output_dim: int
    hidden_dim: int
    num_hidden_layers: int
    dropout: float
    shape: AddedShape | BlendShape | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the arguments by name, as `ModelBundle.model_config` holds them."""
        values = asdict(self)
        shape = values.pop("shape")
        return values if shape is None or self.shape is None else {**values, "shape": self.shape.as_dict()}


@dataclass(frozen=True)
class Part:
    """The size and the SHA-256 of another member."""

    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The checked content of manifest.json."""

    task: str
    target_column: str
    class_names: list[str] | None
    architecture: Architecture
    schema: InputSchema | None
    record: TrainingRecord | None
    parts: Mapping[str, Part]
    calibration: Calibration | None = None


def render_manifest(manifest: Manifest) -> bytes:
    """Return manifest.json; its first three entries stay first in every format to come."""
    calibration = manifest.calibration
    optional = {} if calibration is None else {_CALIBRATION: calibration_to_json(calibration)}
    data = render_document(
        {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "needs": NEEDED_VERSION,
            "task": manifest.task,
            "target_column": manifest.target_column,
            "class_names": manifest.class_names,
            "model": manifest.architecture.as_dict(),
            "schema": None if manifest.schema is None else schema_to_json(manifest.schema),
            "record": None if manifest.record is None else record_to_json(manifest.record),
            **optional,
            "parts": {name: asdict(part) for name, part in manifest.parts.items()},
        }
    )
    if len(data) > MAX_MANIFEST_BYTES:
        raise FlawError(f"its names and notes take {len(data):,} bytes where {MAX_MANIFEST_BYTES:,} are allowed")
    return data


def parse_manifest(data: bytes) -> Manifest:
    """Return the manifest in `data`, or raise FlawError at the first entry that is not as it must be."""
    value = parse_document(data, "manifest.json", MAX_VALUES)
    check_version(value)
    optional = [_CALIBRATION] if _CALIBRATION in value else []
    fields = Fields(value, "its manifest.json", (*_ENTRIES, *optional, "parts"))
    task = fields.choice("task", TASKS)
    architecture = parse_architecture(fields.raw("model"))
    if task != "classification" and architecture.training_mode in CLASSIFICATION_ONLY_MODES:
        raise FlawError(f"its training mode {architecture.training_mode!r} does not go with the task {task!r}")
    return Manifest(
        task=task,
        target_column=fields.text("target_column"),
        class_names=_class_names(fields, task, architecture.output_dim),
        architecture=architecture,
        schema=None if fields.is_null("schema") else schema_from_json(fields.raw("schema")),
        record=None if fields.is_null("record") else record_from_json(fields.raw("record")),
        parts=_parts(fields),
        calibration=calibration_from_json(fields.raw(_CALIBRATION)) if optional else None,
    )


def parse_architecture(value: object) -> Architecture:
    """Return an architecture within the bounds of `TrainingConfig`, or raise FlawError."""
    has_shape = isinstance(value, dict) and value.get("training_mode") in ADDED_MODES
    names = [name for name in Architecture.__dataclass_fields__ if name != "shape" or has_shape]
    fields = Fields(value, "the model in its manifest.json", names)
    dropout = fields.number("dropout")
    if not 0 <= dropout < 1:
        raise FlawError(f"{fields.where('dropout')} is {shown(dropout)}, not a number from 0 to below 1")
    width, depth = setting_of("hidden_dim"), setting_of("num_hidden_layers")
    mode = fields.choice("training_mode", TRAINING_MODES)
    return Architecture(
        training_mode=mode,
        input_dim=fields.whole("input_dim", 1, MAX_INPUTS),
        output_dim=fields.whole("output_dim", 1, MAX_OUTPUTS),
        hidden_dim=fields.whole("hidden_dim", int(width.minimum), int(width.maximum)),
        num_hidden_layers=fields.whole("num_hidden_layers", int(depth.minimum), int(depth.maximum)),
        dropout=dropout,
        shape=parse_shape(fields.raw("shape"), fields.where("shape"), mode) if has_shape else None,
    )


def check_version(value: object) -> None:
    """Raise FlawError where a manifest is not of our format, or of another version of it."""
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise FlawError("its manifest.json is not that of a Rowsmith model")
    version = value.get("format_version")
    if isinstance(version, bool) or version != FORMAT_VERSION:
        raise FlawError(f"its format version is {shown(version)}, and this Rowsmith reads {FORMAT_VERSION}")


def _class_names(fields: Fields, task: str, output_dim: int) -> list[str] | None:
    if fields.is_null("class_names"):
        return None
    names = fields.texts("class_names")
    if task != "classification":
        raise FlawError("it names classes although it predicts a number")
    if len(names) != output_dim:
        raise FlawError(f"it names {len(names):,} classes and its network has {output_dim:,} outputs")
    return names


def _parts(fields: Fields) -> dict[str, Part]:
    listed = Fields(fields.raw("parts"), fields.where("parts"), MEMBERS[1:])
    return {name: _part(listed.raw(name), listed.where(name)) for name in MEMBERS[1:]}


def _part(value: object, where: str) -> Part:
    fields = Fields(value, where, ("n_bytes", "sha256"))
    sha256 = fields.text("sha256")
    if not _SHA256.fullmatch(sha256):
        raise FlawError(f"{fields.where('sha256')} is {shown(sha256)}, not a SHA-256")
    return Part(fields.whole("n_bytes"), sha256)
