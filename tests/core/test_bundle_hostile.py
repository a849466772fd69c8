"""Hostile files: each is refused in one sentence that names the cause, fast, in little memory, running nothing."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import BundleError
from core.serialization import inspect_bundle, load_bundle, save_bundle
from tests.core.bundle_samples import NEW_ROWS, make_bundle, outputs
from tests.core.hostile_bundles import CASES, FOREIGN, JSONS, ZIPS
from tests.core.hostile_packing import Sound, pieces_of, sound_parts, zip_of

ROOT = Path(__file__).resolve().parents[2]
PROMISED_SECONDS = 2.0
PROMISED_BYTES = 50 * 2**20
NOT_FOR_ANALYSTS = re.compile(r"Traceback|Exception|Error\b|struct|zlib|errno|torch\.|sklearn|<class|0x[0-9a-f]{6}|\n")

# Loads every file of a folder in this process; prints for each the outcome, the processor seconds
# (a refusal waits for nothing, and other programs do not count) and the most memory held beyond
# what was held before it. The kernel's high-water mark is set back before each file (the "5").
CHILD = r"""
import json, re, sys, time
from pathlib import Path
from core.serialization import load_bundle
def memory(name):
    return 1024 * int(re.search(name + r":\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
good, folder = map(Path, sys.argv[1:])
load_bundle(good)
found = {}
for path in sorted(folder.iterdir()):
    Path("/proc/self/clear_refs").write_text("5")
    before, start = memory("VmRSS"), time.process_time()
    try:
        load_bundle(path)
        outcome = "loaded"
    except Exception as error:
        outcome = type(error).__name__
    found[path.name] = [outcome, time.process_time() - start, memory("VmHWM") - before]
print(json.dumps(found))
"""


def refusal(read: Callable[[Path], object], path: Path) -> str | None:
    """Return the sentence with which a file is refused, or None where it is not."""
    try:
        read(path)
    except BundleError as error:
        return error.sentence
    return None


@pytest.fixture(scope="module")
def parts() -> dict[str, bytes]:
    return sound_parts()


def test_the_generator_makes_a_good_file_where_nothing_is_changed(parts: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "model.rowsmith"
    path.write_bytes(zip_of(pieces_of(parts)))
    assert outputs(load_bundle(path), NEW_ROWS) == outputs(make_bundle(), NEW_ROWS)
    assert path.read_bytes() == save_bundle(make_bundle(), tmp_path / "ours").read_bytes()


def test_the_payload_of_the_pickles_would_create_the_file(parts: dict[str, bytes], tmp_path: Path) -> None:
    marker = tmp_path / "code-has-run"
    with pickle.loads(FOREIGN["pickle, protocol 4"].make(Sound(parts, marker))):
        assert marker.exists()


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_refused_in_one_sentence_that_names_the_cause(
    name: str, parts: dict[str, bytes], tmp_path: Path
) -> None:
    marker = tmp_path / "code-has-run"
    path = tmp_path / "model.rowsmith"
    path.write_bytes(CASES[name].make(Sound(parts, marker)))
    with pytest.raises(BundleError) as caught:
        load_bundle(path)
    sentence = caught.value.sentence
    assert any(words in sentence for words in CASES[name].words.split("|")), sentence
    assert not NOT_FOR_ANALYSTS.search(sentence)
    assert sentence.startswith("This ")
    assert sentence.endswith(".")
    assert "; " in sentence  # what is wrong; what to do
    assert len(sentence) < 300
    assert sentence.isprintable()
    assert not marker.exists()


@pytest.mark.parametrize("name", [*FOREIGN, *ZIPS, *JSONS])
def test_looking_at_a_hostile_file_raises_nothing_but_the_same_sentence(
    name: str, parts: dict[str, bytes], tmp_path: Path
) -> None:
    marker = tmp_path / "code-has-run"
    path = tmp_path / "model.rowsmith"
    path.write_bytes(CASES[name].make(Sound(parts, marker)))
    assert refusal(inspect_bundle, path) in (refusal(load_bundle, path), None)  # None: beyond the manifest
    assert not marker.exists()


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux to measure the memory")
def test_every_hostile_file_is_refused_within_two_seconds_and_fifty_megabytes(
    parts: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    names = list(CASES)
    for index, name in enumerate(names):
        (folder / f"{index:03}").write_bytes(CASES[name].make(Sound(parts, tmp_path / "code-has-run")))
    good = save_bundle(make_bundle(), tmp_path)
    command = [sys.executable, "-c", CHILD, str(good), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=True)
    found = {names[int(index)]: outcome for index, outcome in json.loads(done.stdout).items()}
    assert len(found) == len(CASES) >= 80
    assert {name: outcome for name, (outcome, _, _) in found.items() if outcome != "BundleError"} == {}
    assert {name: seconds for name, (_, seconds, _) in found.items() if seconds > PROMISED_SECONDS} == {}
    assert {name: growth for name, (_, _, growth) in found.items() if growth > PROMISED_BYTES} == {}
    assert max(growth for _, _, growth in found.values()) > 2**20  # the measure measures
    assert not (tmp_path / "code-has-run").exists()
