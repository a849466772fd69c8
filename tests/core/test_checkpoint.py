"""The file of a checkpoint: all of it comes back, and whatever else stands in it is refused in one sentence."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor, nn

from core.checkpoint import Checkpoint, Identity, checkpoint_summary, read_checkpoint, write_checkpoint
from core.checkpoint.contents import Position
from core.epoch import Divergence
from core.errors import CheckpointError, DiskError, TrainingPaused
from core.loop import Control, LoopResult, fit
from core.models import build_model
from core.types import TrainingConfig

ROOT = Path(__file__).resolve().parents[2]
N_ROWS = 40


def train(control: Control, **changes: Any) -> tuple[nn.Module, LoopResult]:
    torch.manual_seed(0)
    x = torch.randn(N_ROWS, 4)
    model = build_model(4, 2, "mlp_dense", 8, 1, 0.1)
    validation: dict[str, Any] = {"validation_loss": lambda: float(model(x).detach().square().mean())}
    cfg = TrainingConfig("y", epochs=4, batch_size=8, **changes)
    return model, fit(model, x, [(x[:, 0] > 0).long()], nn.CrossEntropyLoss(), cfg, control=control, **validation)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a checkpoint that was written in the middle of the third of four epochs."""
    answers = iter([False] * 13 + [True])
    path = tmp_path / "run.safetensors"
    with pytest.raises(TrainingPaused):
        train(Control(should_pause=lambda: next(answers), checkpoint_path=path))
    return path


def sentence_of(refused: Callable[[], object]) -> str:
    with pytest.raises(CheckpointError) as caught:
        refused()
    sentence = caught.value.sentence
    assert sentence.startswith(("This checkpoint", "There is no checkpoint"))
    assert sentence.endswith(".")
    assert len(sentence) < 400
    assert sentence.isprintable()
    return sentence


def test_everything_comes_back(path: Path, tmp_path: Path) -> None:
    first = replace(
        read_checkpoint(path),
        identity=Identity({"target_column": "Größe \U0001f600\n", "dropout": 0.1 + 0.2}, "rows", "teaching"),
        ending="diverged",
        divergence=Divergence(3, "validation", float("inf")),
        baseline_loss=1e-300,
    )
    write_checkpoint(tmp_path / "again.safetensors", first)
    again = read_checkpoint(tmp_path / "again.safetensors")
    assert replace(again, arrays={}) == replace(first, arrays={})
    for name, array in first.arrays.items():
        assert array.dtype == again.arrays[name].dtype
        assert array.tobytes() == again.arrays[name].tobytes()


def test_the_library_of_the_format_reads_the_same(path: Path) -> None:
    checkpoint = read_checkpoint(path)
    with safe_open(path, "numpy") as file:
        assert set(file.keys()) == set(checkpoint.arrays)
        for name, array in checkpoint.arrays.items():
            np.testing.assert_array_equal(file.get_tensor(name), array)
        assert json.loads(file.metadata()["text"])["format"] == "rowsmith-checkpoint"


def test_the_summary_says_what_the_checkpoint_holds_without_torch(path: Path) -> None:
    checkpoint, summary = read_checkpoint(path), checkpoint_summary(path)
    assert (summary.epoch, summary.epochs, summary.ended) == (2, 4, False)
    assert summary.reports == checkpoint.reports
    assert [report.epoch for report in summary.reports] == [1, 2]
    assert (summary.threads, summary.device) == (torch.get_num_threads(), "cpu")
    assert summary.elapsed_seconds >= sum(report.seconds for report in summary.reports) > 0
    program = (
        "import sys\nfrom core.checkpoint import checkpoint_summary, read_checkpoint\n"
        "checkpoint_summary(sys.argv[1])\nread_checkpoint(sys.argv[1])\n"
        "assert not {'torch', 'sklearn', 'pandas'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_file_that_was_cut_is_refused_wherever_it_was(path: Path) -> None:
    data = path.read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    cuts = [*range(20), *range(20, header, 61), *range(header - 3, header + 3), *range(header, len(data), 331)]
    for cut in [*cuts, len(data) - 1]:
        path.write_bytes(data[:cut])
        sentence_of(lambda: read_checkpoint(path))
        sentence_of(lambda: checkpoint_summary(path))
    path.write_bytes(data + b"\0")
    assert "its arrays account for" in sentence_of(lambda: read_checkpoint(path))


def test_a_file_with_one_bit_changed_is_refused_whichever_it_is(path: Path) -> None:
    data = path.read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    places = [*((place, place % 8) for place in range(header)), *((place, 3) for place in range(header, len(data), 97))]
    for place, bit in places:
        changed = bytearray(data)
        changed[place] ^= 1 << bit
        path.write_bytes(changed)
        sentence_of(lambda: read_checkpoint(path))


def rewrite(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], object]) -> None:
    """Let `change(entries, document)` forge the header's entries and the text in it; the hash fits again."""
    data = path.read_bytes()
    begins = 8 + int.from_bytes(data[:8], "little")
    entries = json.loads(data[8:begins])
    document = json.loads(entries["__metadata__"]["text"])
    change(entries, document)
    metadata = entries.get("__metadata__", {})
    if "text" in metadata:
        metadata["text"] = json.dumps(document)
        digest = hashlib.sha256(metadata["text"].encode())
        for name, entry in entries.items():
            if name != "__metadata__" and isinstance(entry, dict) and "data_offsets" in entry:
                start, end = (entry["data_offsets"] * 2)[:2]
                digest.update(f"\n{name} {entry['dtype']} {tuple(entry['shape'])}\n".encode())
                digest.update(data[begins + start : begins + end])
        metadata["sha256"] = digest.hexdigest()
    header = json.dumps(entries).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[begins:])


def test_a_forged_file_without_a_forgery_is_read(path: Path) -> None:
    """So that the refusals below are of what they change, and of nothing else."""
    before = read_checkpoint(path)
    rewrite(path, lambda entries, document: None)
    assert read_checkpoint(path).update_steps == before.update_steps == 13


def setting(name: str, value: object) -> Callable[[dict[str, Any], dict[str, Any]], object]:
    return lambda entries, document: document.__setitem__(name, value)


def entry(name: str, value: object) -> Callable[[dict[str, Any], dict[str, Any]], object]:
    return lambda entries, document: entries.__setitem__(name, value)


def of_array(name: str, **changes: object) -> Callable[[dict[str, Any], dict[str, Any]], object]:
    return lambda entries, document: entries[name].update(changes)


FORGERIES: dict[str, tuple[Callable[[dict[str, Any], dict[str, Any]], object], str]] = {
    "another format": (setting("format", "rowsmith-model"), "format"),
    "a newer format": (setting("format_version", 2), "is of format 2 and this Rowsmith reads 1"),
    "a format that is no number": (setting("format_version", True), "format_version"),
    "NaN": (setting("best_loss", float("nan")), "NaN, which is not a finite number"),
    "infinity": (setting("elapsed_seconds", float("inf")), "Infinity, which is not a finite number"),
    "no best loss": (setting("best_loss", None), "'best_loss'"),
    "a best epoch to come": (setting("best_epoch", 3), "'best_epoch'"),
    "a negative number of steps": (setting("update_steps", -1), "'update_steps'"),
    "steps as a text": (setting("update_steps", "13"), "'update_steps'"),
    "steps beyond every range": (setting("update_steps", 2**60), "'update_steps'"),
    "patience from the future": (setting("patience_base", 3), "'patience_base'"),
    "no epochs": (setting("epochs", 0), "'epochs'"),
    "too many epochs": (setting("epochs", 10**7), "'epochs'"),
    "an unknown ending": (setting("ending", "exploded"), "'ending'"),
    "settings that are a list": (setting("settings", []), "'settings'"),
    "a position with more": (setting("position", {"next_batch": 1, "rows": 8, "started": 0, "x": 1}), "entry 'x'"),
    "a position that is a number": (setting("position", 3), "where an object belongs"),
    "a divergence of words": (
        setting("divergence", {"epoch": 3, "rows": "training", "loss": "a lot"}),
        "is 'a lot', not a number",
    ),
    "a divergence of the test rows": (setting("divergence", {"epoch": 3, "rows": "test", "loss": "nan"}), "'rows'"),
    "a generator beyond its numbers": (
        setting("random", {"numpy_position": 625, "numpy_has_gauss": 0, "numpy_gauss": 0.0, "python_gauss": None}),
        "'numpy_position'",
    ),
    "an unknown entry": (setting("code", "import os"), "the unknown entry 'code'"),
    "a missing entry": (lambda entries, document: document.pop("threads"), "lacks the entry 'threads'"),
    "no validation after all": (setting("has_validation", False), "does not fit what it says of validation rows"),
    "a deep list": (setting("settings", json.loads("[" * 40 + "]" * 40)), "nested"),
    "thousands of values": (setting("settings", {"x": [0] * 5000}), "far more values"),
    "no metadata": (lambda entries, document: entries.pop("__metadata__"), "metadata"),
    "metadata that is a text": (entry("__metadata__", "x"), "metadata"),
    "an unknown array": (
        entry("extra", {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}),
        "the array 'extra', which no checkpoint has",
    ),
    "a missing array": (lambda entries, document: entries.pop("random_cuda"), "lacks the array 'random_cuda'"),
    "an array without an end": (of_array("model", data_offsets=[0]), "the array 'model'"),
    "an array before the file": (of_array("model", data_offsets=[-4, 400]), "'data_offsets'"),
    "an unknown type": (of_array("model", dtype="BF16"), "'dtype'"),
    "a type of the same width": (of_array("model", dtype="U32"), "its model is of type U32"),
    "a longer array": (of_array("model", shape=[10**15]), "which is not its size"),
    "a negative length": (of_array("model", shape=[-1]), "'shape'"),
    "a length that is a text": (of_array("model", shape=["8"]), "'shape'"),
    "more dimensions": (of_array("random_python", shape=[1, 625]), "its random_python is of type"),
    "many dimensions": (of_array("random_python", shape=[625, 1, 1]), "dimensions"),
    "an array upon another": (of_array("model_counts", data_offsets=[0, 8]), "overlaps another or leaves a gap"),
    "a hundred arrays": (
        lambda entries, document: entries.update(
            {f"a{i}": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]} for i in range(100)}
        ),
        "where an object of a few arrays belongs",
    ),
}


@pytest.mark.parametrize(("change", "words"), FORGERIES.values(), ids=FORGERIES)
def test_a_forged_file_is_refused_for_what_was_forged(
    path: Path, change: Callable[[dict[str, Any], dict[str, Any]], object], words: str
) -> None:
    rewrite(path, change)
    assert words in sentence_of(lambda: read_checkpoint(path))


def test_a_header_with_a_key_twice_is_refused(path: Path) -> None:
    data = path.read_bytes()
    begins = 8 + int.from_bytes(data[:8], "little")
    header = data[8:begins].rstrip()[:-1] + b',"model":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[begins:])
    assert "gives 'model' more than once" in sentence_of(lambda: read_checkpoint(path))


@pytest.mark.parametrize("length", [0, 1, 7, 2**22 + 1, 2**31, 2**63, 2**64 - 1])
def test_a_header_that_lies_about_its_length_is_refused(path: Path, length: int) -> None:
    path.write_bytes(length.to_bytes(8, "little") + path.read_bytes()[8:])
    sentence_of(lambda: read_checkpoint(path))
    sentence_of(lambda: checkpoint_summary(path))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe, empty, text = tmp_path / "pipe", tmp_path / "empty", tmp_path / "text"
    os.mkfifo(pipe)
    empty.touch()
    text.write_text("a,b\n1,2\n" * 100)
    for wrong in (tmp_path, pipe, empty, text):
        sentence_of(lambda wrong=wrong: read_checkpoint(wrong))
        sentence_of(lambda wrong=wrong: checkpoint_summary(wrong))
    assert "There is no checkpoint" in sentence_of(lambda: read_checkpoint(tmp_path / "none"))


def test_a_huge_array_is_refused_before_it_is_loaded(path: Path) -> None:
    """The file is sparse: 64 GB that take no place on the disk."""
    huge = 2**36
    data = path.read_bytes()
    begins = 8 + int.from_bytes(data[:8], "little")
    entries = json.loads(data[8:begins])
    last = max(entries["random_torch"]["data_offsets"])
    entries["permutation"] = {"dtype": "I64", "shape": [huge // 8], "data_offsets": [last, last + huge]}
    position = 0
    for name in sorted(entries.keys() - {"__metadata__", "permutation"}, key=lambda n: entries[n]["data_offsets"][0]):
        start, end = entries[name]["data_offsets"]
        entries[name]["data_offsets"] = [position, position + end - start]
        position += end - start
    entries["permutation"]["data_offsets"] = [position, position + huge]
    header = json.dumps(entries).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + position + huge)
    tracemalloc.start()
    try:
        sentence = sentence_of(lambda: train(Control(resume_from=path)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert f"its permutation has {huge // 8:,} numbers where at most {N_ROWS} belong" in sentence
    assert peak < 50e6


def with_arrays(checkpoint: Checkpoint, **arrays: NDArray[Any]) -> Checkpoint:
    return replace(checkpoint, arrays={**checkpoint.arrays, **arrays})


def without(checkpoint: Checkpoint, *names: str) -> Checkpoint:
    return with_arrays(checkpoint, **{name: checkpoint.arrays[name][:0] for name in names})


def shifted(numbers: NDArray[Any], by: int) -> NDArray[Any]:
    return numbers + np.array(by, numbers.dtype)


UNFIT: dict[str, Callable[[Checkpoint], Checkpoint]] = {
    "a shorter network": lambda kept: with_arrays(kept, model=kept.arrays["model"][1:]),
    "a longer network": lambda kept: with_arrays(kept, model=np.zeros(10_000, np.float32)),
    "no network": lambda kept: without(kept, "model"),
    "no counts": lambda kept: without(kept, "model_counts"),
    "no best epoch's weights": lambda kept: without(kept, "best", "best_counts"),
    "a best epoch of none": lambda kept: replace(kept, best_epoch=0, best_loss=None),
    "no moments": lambda kept: without(kept, "adam_mean"),
    "moments before the first step": lambda kept: replace(kept, update_steps=0),
    "no permutation": lambda kept: without(kept, "permutation"),
    "rows beyond the table": lambda kept: with_arrays(kept, permutation=shifted(kept.arrays["permutation"], 1)),
    "rows before the table": lambda kept: with_arrays(kept, permutation=shifted(kept.arrays["permutation"], -1)),
    "one row again and again": lambda kept: with_arrays(kept, permutation=np.zeros(N_ROWS, np.int64)),
    "a batch beyond the epoch": lambda kept: replace(kept, position=Position(6, 8, 0.0)),
    "more rows than there are": lambda kept: replace(kept, position=Position(1, 41, 0.0)),
    "a position without an epoch": lambda kept: without(kept, "loss_total"),
    "an epoch without a position": lambda kept: replace(kept, position=None),
    "a divergence without its loss": lambda kept: replace(kept, ending="diverged"),
    "a loss without its divergence": lambda kept: replace(kept, divergence=Divergence(2, "training", 9.0)),
    "short random bytes": lambda kept: with_arrays(kept, random_torch=np.zeros(7, np.uint8)),
    "random zeros": lambda kept: with_arrays(kept, random_torch=np.full(5056, 255, np.uint8)),
    "a long random state": lambda kept: with_arrays(kept, random_torch=np.zeros(10**6, np.uint8)),
    "a short state of numpy": lambda kept: without(kept, "random_numpy"),
    "a short state of Python": lambda kept: without(kept, "random_python"),
    "a lost place in Python's state": lambda kept: with_arrays(kept, random_python=np.full(625, 999, np.uint32)),
}


@pytest.mark.parametrize("change", UNFIT.values(), ids=UNFIT)
def test_a_sound_file_that_does_not_fit_the_training_is_refused(
    path: Path, change: Callable[[Checkpoint], Checkpoint]
) -> None:
    write_checkpoint(path, change(read_checkpoint(path)))
    sentence_of(lambda: train(Control(resume_from=path)))


def test_a_curve_without_finite_losses_is_refused(path: Path) -> None:
    checkpoint = read_checkpoint(path)
    for column, value in ((0, np.nan), (0, np.inf), (1, np.nan), (2, -np.inf)):
        curve = checkpoint.arrays["curve"].copy()
        curve[1, column] = value
        write_checkpoint(path, with_arrays(checkpoint, curve=curve))
        assert "its curve" in sentence_of(lambda: checkpoint_summary(path))
        assert "its curve" in sentence_of(lambda: read_checkpoint(path))


def test_a_write_that_breaks_off_leaves_the_checkpoint_before(path: Path) -> None:
    """The system refuses the file from its 20,000th byte on, as a full disk does."""
    before = path.read_bytes()
    checkpoint = with_arrays(read_checkpoint(path), model=np.zeros(100_000, np.float32))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(DiskError):
            write_checkpoint(path, checkpoint)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_process_killed_while_it_writes_leaves_a_whole_checkpoint(path: Path) -> None:
    """One that does nothing but write is killed at moments spread over its writing."""
    program = (
        "import sys, time\nfrom pathlib import Path\n"
        "from core.checkpoint import read_checkpoint, write_checkpoint\n"
        "path = Path(sys.argv[1])\ncheckpoint = read_checkpoint(path)\nprint('ready', flush=True)\n"
        "while True:\n    write_checkpoint(path, checkpoint)\n"
    )
    for moment in range(5):
        command = [sys.executable, "-c", program, str(path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(0.01 + 0.003 * moment)
            writer.kill()
        assert read_checkpoint(path).update_steps == 13
    train(Control(resume_from=path))


def test_a_hundred_thousand_epochs_are_summed_up_quickly_enough_to_draw(path: Path) -> None:
    """The most that the settings allow; the numbers, not the seconds, are what is checked."""
    checkpoint = read_checkpoint(path)
    curve = np.random.default_rng(0).random((100_000, 3))
    write_checkpoint(path, replace(with_arrays(checkpoint, curve=curve), epochs=100_000))
    reports = checkpoint_summary(path).reports
    assert len(reports) == 100_000
    assert (reports[-1].epoch, reports[-1].train_loss, reports[-1].validation_loss) == (100_000, *curve[-1, :2])
    write_checkpoint(path, with_arrays(checkpoint, curve=np.vstack([curve, curve[:1]])))
    assert "its curve has 100,001 epochs" in sentence_of(lambda: checkpoint_summary(path))


def test_what_the_optimizer_gets_back_is_what_it_had(path: Path) -> None:
    """One step for all, and every weight's own mean and square."""
    checkpoint = read_checkpoint(path)
    model, _ = train(Control(resume_from=path, should_stop=lambda: True))
    sizes = [parameter.numel() for parameter in model.parameters()]
    assert checkpoint.arrays["adam_step"].tolist() == [13.0]
    assert len(checkpoint.arrays["adam_mean"]) == len(checkpoint.arrays["adam_square"]) == sum(sizes)
    assert (checkpoint.arrays["adam_square"] >= 0).all()
    weights = np.concatenate([tensor.numpy().ravel() for tensor in floats(model)])
    np.testing.assert_array_equal(weights, checkpoint.arrays["best"])  # stopped at once: the best epoch is kept


def floats(model: nn.Module) -> list[Tensor]:
    return [tensor for tensor in model.state_dict().values() if tensor.is_floating_point()]
