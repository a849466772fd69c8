"""Files of the added modes: what is kept of a front and its network, and claims that are refused before they cost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from core.bundle.flaw import FlawError
from core.bundle.pack import pack
from core.bundle.shape import parse_shape
from core.errors import BundleError
from core.networks.shape import AddedShape, FrontShape
from core.serialization import inspect_bundle, load_bundle, save_bundle
from core.trainer import predict_rows, train_model_from_file
from core.types import ModelBundle, TrainingConfig
from tests.core.bundle_samples import NEW_ROWS, make_bundle, outputs
from tests.core.hostile_changes import header, manifest, numbers, put
from tests.core.hostile_packing import Case, Sound, pieces_of, sound_parts, zip_of
from tests.core.test_bundle_hostile import CHILD, NOT_FOR_ANALYSTS, PROMISED_BYTES, PROMISED_SECONDS, ROOT

WEIGHTS = "weights.safetensors"
FRONT = "model/shape/front"
N = 400


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """Return a model whose front has every kind of input."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "a": np.where(rng.random(N) < 0.2, np.nan, rng.normal(0, 1, N)),
            "stars": rng.integers(1, 6, N),
            "city": rng.choice(["Bern", "Zug"], N),
            "shop": [f"s{row % 40}" for row in range(N)],
            "id": np.arange(N) % 65,
            "y": np.where(rng.random(65) < 0.5, "no", "yes")[np.arange(N) % 65],
        }
    )
    path = tmp_path_factory.mktemp("table") / "rows.csv"
    frame.to_csv(path, index=False)
    cfg = TrainingConfig("y", training_mode="tabm", epochs=1, hidden_dim=8, num_hidden_layers=1)
    found, _ = train_model_from_file(path, cfg, device="cpu")
    return found


@pytest.fixture(scope="module")
def parts(bundle: ModelBundle) -> dict[str, bytes]:
    return pack(bundle)


def test_a_file_keeps_every_kind_of_input(bundle: ModelBundle, tmp_path: Path) -> None:
    assert bundle.model_config is not None
    front = bundle.model_config["shape"]["front"]
    assert all(front[name] for name in ("numbers", "gaps", "flags", "codes", "levels", "encodings", "values"))
    path = save_bundle(bundle, tmp_path)
    loaded = load_bundle(path)
    assert loaded.model_config == bundle.model_config
    rows = [{"a": 0.5, "stars": 3, "city": "Zug", "shop": "s7", "id": 64}, {"shop": "new", "stars": 9, "id": 65}, {}]
    assert predict_rows(loaded, rows) == predict_rows(bundle, rows)
    for name, tensor in bundle.model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], tensor), name
    assert not any(module.training for module in loaded.model.modules())
    assert save_bundle(loaded, tmp_path / "again").read_bytes() == path.read_bytes()
    inspect_bundle(path)


def test_the_first_models_of_these_modes_can_still_be_loaded(tmp_path: Path) -> None:
    """They say nothing of whole numbers with many values, and have no tensors for them."""
    sound = Sound(pack(make_bundle("tabm")), tmp_path / "marker")
    data = manifest(lambda values: values["model"]["shape"]["front"].pop("values"))(sound)
    path = tmp_path / "old.rowsmith"
    path.write_bytes(data)
    assert outputs(load_bundle(path), NEW_ROWS) == outputs(make_bundle("tabm"), NEW_ROWS)


def test_a_bundle_by_hand_has_its_sizes_read_off_its_network(tmp_path: Path) -> None:
    bundle = make_bundle("tabm")
    loaded = load_bundle(save_bundle(replace(bundle, model_config=None), tmp_path))
    assert loaded.model_config == bundle.model_config
    assert outputs(loaded, NEW_ROWS) == outputs(bundle, NEW_ROWS)


def test_loading_leaves_torch_s_random_state_as_it_is(bundle: ModelBundle, tmp_path: Path) -> None:
    path = save_bundle(bundle, tmp_path)
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    load_bundle(path)
    assert torch.equal(torch.rand(3), expected)


def without_shape(values: dict[str, Any]) -> None:
    del values["model"]["shape"]


def one_bin_fewer(values: dict[str, Any]) -> None:
    values["model"]["shape"]["bins"].pop()


def many_numbers(values: dict[str, Any]) -> None:
    shape = values["model"]["shape"]
    shape["front"].update(numbers=1_024, levels=[], values=[])
    shape.update(bins=[64] * 1_024, d_embedding=64, k=256)


def many_encodings(values: dict[str, Any]) -> None:
    values["model"]["shape"]["front"].update(levels=[1] * 100_000, values=[], encodings=64)
    values["model"]["shape"].update(bins=[], d_embedding=0)


def as_wide_as_allowed(values: dict[str, Any]) -> None:
    values["model"].update(hidden_dim=8_192, num_hidden_layers=64)
    values["model"]["shape"]["front"].update(flags=1_900_000)
    values["model"]["shape"].update(k=256)


def many_embedded_members(values: dict[str, Any]) -> None:
    shape = values["model"]["shape"]["members"][0]
    shape["front"].update(numbers=1_024, levels=[], values=[])
    shape.update(bins=[64] * 1_024, d_embedding=64, k=256)
    values["model"]["shape"]["members"] = [shape] * 100


CASES = {
    "shape missing": Case(manifest(without_shape), "lacks the entry 'shape'"),
    "shape null": Case(manifest(put("model/shape", None)), "None where an object belongs"),
    "shape a list": Case(manifest(put("model/shape", [])), "where an object belongs"),
    "shape with a class": Case(manifest(put("model/shape/__class__", "os")), "unknown entry '__class__'"),
    "front missing": Case(manifest(lambda m: m["model"]["shape"].pop("front")), "lacks the entry 'front'"),
    "front with one entry more": Case(manifest(put(f"{FRONT}/extra", 1)), "unknown entry 'extra'"),
    "k 10^9": Case(manifest(put("model/shape/k", 10**9)), "1000000000, not a whole number"),
    "k 0": Case(manifest(put("model/shape/k", 0)), "0, not a whole number"),
    "k another": Case(manifest(put("model/shape/k", 7)), "must be"),
    "k the most": Case(manifest(put("model/shape/k", 256)), "too short for its network"),
    "embedding 10^9": Case(manifest(put("model/shape/d_embedding", 10**9)), "not a whole number"),
    "embedding none": Case(manifest(put("model/shape/d_embedding", 0)), "not how many numbers are embedded"),
    "embedding true": Case(manifest(put("model/shape/d_embedding", True)), "True, not a whole number"),
    "bins one fewer": Case(manifest(one_bin_fewer), "not how many numbers are embedded"),
    "bins a number": Case(manifest(put("model/shape/bins", 5)), "5, not a list"),
    "bins of texts": Case(manifest(put("model/shape/bins/0", "5")), "not a list of counts"),
    "bins 10^9": Case(manifest(put("model/shape/bins/0", 10**9)), "not all from 2 to 64"),
    "bins 1": Case(manifest(put("model/shape/bins/0", 1)), "not all from 2 to 64"),
    "bins another": Case(manifest(put("model/shape/bins/0", 64)), "must be|too short for its network"),
    "bins of very many numbers": Case(manifest(put("model/shape/bins", [2] * 300_000)), "not how many numbers"),
    "numbers 10^9": Case(manifest(put(f"{FRONT}/numbers", 10**9)), "not a whole number"),
    "numbers negative": Case(manifest(put(f"{FRONT}/numbers", -1)), "-1, not a whole number"),
    "codes 10^9": Case(manifest(put(f"{FRONT}/codes", 10**9)), "not a whole number"),
    "flags two million": Case(manifest(put(f"{FRONT}/flags", 2_000_000)), "inputs, not from 1 to 2,000,000"),
    "flags 1,900,000": Case(manifest(put(f"{FRONT}/flags", 1_900_000)), "too short for its network"),
    "flags one fewer": Case(manifest(put(f"{FRONT}/flags", 1)), "must be"),
    "gaps another": Case(manifest(put(f"{FRONT}/gaps", 2)), "must be|too short for its network"),
    "levels 10^9": Case(manifest(put(f"{FRONT}/levels", [10**9])), "10,000,000 together"),
    "levels 10,000,000": Case(manifest(put(f"{FRONT}/levels", [10**7])), "too short for its network"),
    "levels 0": Case(manifest(put(f"{FRONT}/levels", [0])), "not all above 0"),
    "levels a text": Case(manifest(put(f"{FRONT}/levels", "40")), "'40', not a list"),
    "values 10^9": Case(manifest(put(f"{FRONT}/values", [10**9])), "10,000,000 together"),
    "values true": Case(manifest(put(f"{FRONT}/values", True)), "True, not a list"),
    "values of one column more": Case(manifest(put(f"{FRONT}/values", [65, 2])), "not how many numbers are embedded"),
    "encodings 10^9": Case(manifest(put(f"{FRONT}/encodings", 10**9)), "not a whole number"),
    "numbers as many as can be embedded": Case(manifest(many_numbers), "too short for its network"),
    "encodings as many as can be": Case(manifest(many_encodings), "inputs, not from 1 to 2,000,000"),
    "all as large as allowed": Case(manifest(as_wide_as_allowed), "too short for its network"),
    "a shape for a specified mode": Case(manifest(put("model/training_mode", "mlp_dense")), "unknown entry 'shape'"),
    "a number from nowhere": Case(numbers(WEIGHTS, "front.number_at", 10**6), "points to an input"),
    "a flag from before the first": Case(numbers(WEIGHTS, "front.flag_at", -1), "points to an input"),
    "a gap from one beyond the last": Case(numbers(WEIGHTS, "front.gap_at", 46), "'front.gap_at' points to an input"),
    "a text from nowhere": Case(numbers(WEIGHTS, "front.level_at", 2**62), "'front.level_at' points to an input"),
    "a code from nowhere": Case(numbers(WEIGHTS, "front.code_at", -(2**62)), "'front.code_at' points to an input"),
    "a whole number from nowhere": Case(numbers(WEIGHTS, "front.value_at", 10**6), "points to an input"),
    "a scale that is no number": Case(numbers(WEIGHTS, "front.scale", float("nan")), "not finite"),
    "an encoding without end": Case(numbers(WEIGHTS, "front.encoding", float("inf")), "not finite"),
    "places as numbers": Case(
        header(WEIGHTS, lambda h: h["front.number_at"].update(dtype="F64")), "'front.number_at'"
    ),
    "a mask as bytes": Case(header(WEIGHTS, lambda h: h["front.gap_at"].update(dtype="U8")), "'front.gap_at'"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_refused_in_one_sentence_that_names_the_cause(
    name: str, parts: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "model.rowsmith"
    path.write_bytes(CASES[name].make(Sound(parts, tmp_path / "marker")))
    with pytest.raises(BundleError) as caught:
        load_bundle(path)
    sentence = caught.value.sentence
    assert any(words in sentence for words in CASES[name].words.split("|")), sentence
    assert not NOT_FOR_ANALYSTS.search(sentence)
    assert sentence.endswith(".")
    assert len(sentence) < 300


def test_a_specified_mode_that_calls_itself_an_added_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.rowsmith"
    path.write_bytes(manifest(put("model/training_mode", "tabm"))(Sound(sound_parts(), tmp_path / "marker")))
    with pytest.raises(BundleError, match="lacks the entry 'shape'"):
        load_bundle(path)


def many_members(n: int) -> Callable[[dict[str, Any]], None]:
    def change(values: dict[str, Any]) -> None:
        values["model"]["shape"]["members"] = values["model"]["shape"]["members"][:1] * n

    return change


BLEND_CASES = {
    "no members": Case(manifest(put("model/shape/members", [])), "0 members, not from 1 to 128"),
    "members a number": Case(manifest(put("model/shape/members", 3)), "3, not a list"),
    "a member more": Case(manifest(many_members(4)), "does not have"),
    "200 members": Case(manifest(many_members(200)), "200 members, not from 1 to 128"),
    "a member of another kind": Case(manifest(put("model/shape/members/0/family", "os")), "not one of tabm, realmlp"),
    "a kind for another": Case(manifest(put("model/shape/members/1/family", "tabm")), "does not have"),
    "a logarithm of a kind without": Case(manifest(put("model/shape/members/1/on_log", True)), "realmlp cannot be"),
    "a logarithm that is not there": Case(manifest(put("model/shape/members/0/on_log", True)), "lacks the tensor"),
    "a logarithm that is a word": Case(manifest(put("model/shape/members/0/on_log", "yes")), "true or false"),
    "embeddings of a hundred members": Case(manifest(many_embedded_members), "larger than 10,000,000 numbers"),
    "a blend as one network": Case(manifest(put("model/training_mode", "tabm")), "lacks the entry 'front'"),
    "a share that is no number": Case(numbers(WEIGHTS, "share", float("nan")), "not finite"),
    "a number from nowhere": Case(numbers(WEIGHTS, "members.1.front.number_at", 10**6), "points to an input"),
}  # fmt: skip


@pytest.mark.parametrize("name", BLEND_CASES)
def test_a_hostile_blend_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.rowsmith"
    path.write_bytes(BLEND_CASES[name].make(Sound(pack(make_bundle("auto")), tmp_path / "marker")))
    with pytest.raises(BundleError) as caught:
        load_bundle(path)
    sentence = caught.value.sentence
    assert any(words in sentence for words in BLEND_CASES[name].words.split("|")), sentence
    assert not NOT_FOR_ANALYSTS.search(sentence)
    assert sentence.endswith(".")


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux to measure the memory")
def test_no_claim_costs_time_or_memory(bundle: ModelBundle, parts: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    names = list(CASES)
    for index, name in enumerate(names):
        (folder / f"{index:03}").write_bytes(CASES[name].make(Sound(parts, tmp_path / "marker")))
    command = [sys.executable, "-c", CHILD, str(save_bundle(bundle, tmp_path)), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=True)
    found = {names[int(index)]: outcome for index, outcome in json.loads(done.stdout).items()}
    assert {name: outcome for name, (outcome, _, _) in found.items() if outcome != "BundleError"} == {}
    assert {name: seconds for name, (_, seconds, _) in found.items() if seconds > PROMISED_SECONDS} == {}
    assert {name: growth for name, (_, _, growth) in found.items() if growth > PROMISED_BYTES} == {}


def test_the_sizes_of_a_trained_network_are_within_bounds() -> None:
    front = FrontShape(numbers=500, gaps=100, flags=64, codes=640, levels=(3_000, 40), encodings=17)
    shape = AddedShape(front, k=32, d_embedding=2, bins=(32,) * front.n_numbers)
    assert parse_shape(shape.as_dict(), "it", "tabm") == shape
    with pytest.raises(FlawError, match=r"^it makes 0 inputs"):
        parse_shape(AddedShape(FrontShape(0, 0, 0, 0, (), 1), 8, 0, ()).as_dict(), "it", "tabm")


def test_a_good_file_packed_by_other_means_is_read(parts: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "model.rowsmith"
    path.write_bytes(zip_of(pieces_of(parts)))
    assert load_bundle(path).task == "classification"
