"""Damage of every kind: a flipped byte or a cut file is refused, or the bundle predicts as before."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BundleError
from core.serialization import load_bundle, save_bundle
from tests.core.bundle_samples import NEW_ROWS, make_bundle, outputs


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bundle(make_bundle(hidden_dim=2, num_hidden_layers=1), tmp_path_factory.mktemp("fuzz"))


@pytest.fixture(scope="module")
def expected(good: Path) -> bytes:
    return outputs(load_bundle(good), NEW_ROWS)


def loads_the_same_or_is_refused(data: bytes, good: Path, expected: bytes) -> bool:
    """Return False where the bytes load as a bundle that predicts otherwise; other errors pass through."""
    path = good.with_name("damaged.rowsmith")
    path.write_bytes(data)
    try:
        bundle = load_bundle(path)
    except BundleError:
        return True
    return outputs(bundle, NEW_ROWS) == expected


@settings(max_examples=300, deadline=None)
@given(position=st.integers(0, 2**31), change=st.integers(1, 255))
def test_a_flipped_byte_never_changes_a_prediction(position: int, change: int, good: Path, expected: bytes) -> None:
    data = bytearray(good.read_bytes())
    data[position % len(data)] ^= change
    assert loads_the_same_or_is_refused(bytes(data), good, expected)


@settings(max_examples=150, deadline=None)
@given(length=st.integers(0, 2**31))
def test_a_cut_file_is_refused(length: int, good: Path) -> None:
    data = good.read_bytes()
    path = good.with_name("cut.rowsmith")
    path.write_bytes(data[: length % len(data)])
    with pytest.raises(BundleError):
        load_bundle(path)


@settings(max_examples=100, deadline=None)
@given(position=st.integers(0, 2**31), inserted=st.binary(min_size=1, max_size=40))
def test_inserted_bytes_are_refused(position: int, inserted: bytes, good: Path) -> None:
    data = good.read_bytes()
    place = position % (len(data) + 1)
    path = good.with_name("inserted.rowsmith")
    path.write_bytes(data[:place] + inserted + data[place:])
    with pytest.raises(BundleError):
        load_bundle(path)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(min_size=1, max_size=300))
def test_random_bytes_are_refused_with_or_without_our_first_bytes(data: bytes, good: Path) -> None:
    path = good.with_name("random.rowsmith")
    for start in (b"", b"PK\3\4", good.read_bytes()[:200]):
        path.write_bytes(start + data)
        with pytest.raises(BundleError):
            load_bundle(path)


def test_every_byte_of_the_layout_is_checked(good: Path) -> None:
    data = good.read_bytes()
    directory = data.index(b"PK\1\2")
    path = good.with_name("layout.rowsmith")
    for position in [*range(43), *range(directory, len(data))]:
        damaged = bytearray(data)
        damaged[position] ^= 0x41
        path.write_bytes(damaged)
        with pytest.raises(BundleError):
            load_bundle(path)
