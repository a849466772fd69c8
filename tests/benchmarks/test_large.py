"""A large file leaves the server's memory as soon as it has arrived."""

from __future__ import annotations

from tests.benchmarks.large import measure


def test_the_server_holds_an_upload_once_and_not_for_long():
    seen = measure(1_000_000)
    assert seen.megabytes > 100
    assert seen.grown_most < 0.75 * seen.megabytes, "a second copy of the upload"
    assert seen.grown_after < 0.95 * seen.megabytes, "the upload is still in memory"
