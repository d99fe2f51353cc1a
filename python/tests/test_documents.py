"""The Python of the README and of the article runs, block after block."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

import polyphony
from conftest import ROOT
from polyphony.safetensors_file import load, save

ARTICLE = ROOT / "Sources" / "Polyphony" / "Polyphony.docc" / "Python.md"


def python_blocks(file: Path) -> str:
    blocks = re.findall(r"^```python\n(.*?)^```$", file.read_text(), re.DOTALL | re.MULTILINE)
    assert blocks, f"{file.name} has no block of Python"
    return "\n".join(blocks)


def few_numerals(folder: Path) -> None:
    """The first samples of `Data/numerals`: the block is to run, and not to learn."""
    whole = ROOT / "Data" / "numerals"
    description = polyphony.Dataset(whole, "train").description
    assert description is not None
    folder.mkdir(parents=True)
    for split in description["splits"].values():
        split.pop("sha256", None)
        save(folder / split["file"], {name: array[:40] for name, array in load(whole / split["file"])[0].items()})
    (folder / "dataset.json").write_text(json.dumps(description))


@pytest.mark.parametrize("file", [ROOT / "README.md", ARTICLE], ids=lambda file: file.name)
def test_documents(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYPHONY", os.path.abspath(os.environ["POLYPHONY"]))
    few_numerals(tmp_path / "Data" / "numerals")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(python_blocks(file), file.name, "exec"), names)
    assert isinstance(names["model"], polyphony.Model)
