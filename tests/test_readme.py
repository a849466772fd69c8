"""The README says what is true: its tree of folders, its Python and its commands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [text for word, text in found if word == language]


def tree_paths() -> list[str]:
    """Return the paths that the annotated tree names, from the indentation of its lines."""
    [tree] = [block for block in blocks("") if "app.py" in block]
    parents: list[str] = []
    paths = []
    for line in tree.splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        parents = [*parents[:depth], name]
        paths.append("".join(parents))
    return paths


def tracked_folders() -> set[str]:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode or not listing.stdout:
        pytest.skip("not a git checkout")
    folders = {parent for name in listing.stdout.splitlines() for parent in Path(name).parents}
    return {f"{folder.as_posix()}/" for folder in folders if folder.name and not folder.parts[0].startswith(".")}


def test_every_path_of_the_tree_is_there() -> None:
    assert [path for path in tree_paths() if not (ROOT / path).exists()] == []


def test_every_folder_is_in_the_tree() -> None:
    assert sorted(tracked_folders() - set(tree_paths())) == []


def test_the_named_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"make (\w+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_images_are_there() -> None:
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).is_file(), path


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [example] = blocks("python")
    shorter = example.replace("epochs=50", "epochs=2").replace("assets/", f"{ROOT}/assets/")
    monkeypatch.chdir(tmp_path)
    exec(compile(shorter, "README.md", "exec"), {})
    assert (tmp_path / "my_model" / "model.rowsmith").is_file()
