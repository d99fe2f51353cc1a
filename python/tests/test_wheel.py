"""The wheel: its files, their hashes and its tag. A program of the system stands for Polyphony's."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
import shutil
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

import polyphony
from conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the tag of glibc")


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_wheel", ROOT / "Tools" / "make-wheel.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_wheel(maker: ModuleType, tmp_path: Path) -> None:
    program = Path(shutil.copy(shutil.which("ls") or "", tmp_path / "program"))
    shutil.copy(program, tmp_path / "libCTorch.so")
    wheel = maker.make(program, tmp_path / "dist")
    assert re.fullmatch(rf"polyphony-{polyphony.__version__}-py3-none-manylinux_2_\d+_\w+\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        record = archive.read(f"polyphony-{polyphony.__version__}.dist-info/RECORD").decode().splitlines()
        assert [line.split(",")[0] for line in record] == names
        for line in record[:-1]:
            name, digest, size = line.split(",")
            data = archive.read(name)
            expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert (digest, int(size)) == (f"sha256={expected}", len(data))
        assert archive.getinfo("polyphony/bin/polyphony").external_attr >> 16 & 0o111
        for name in ("bin/libCTorch.so", "bin/Data/numerals/dataset.json", "bin/Recipes/demo.yaml", "py.typed"):
            assert f"polyphony/{name}" in names
        text = archive.read(f"polyphony-{polyphony.__version__}.dist-info/METADATA").decode()
        assert "Requires-Dist: torch==2.13.*\nRequires-Dist: numpy\n" in text
    assert maker.make(program, tmp_path / "again").read_bytes() == wheel.read_bytes()


def test_versions_agree(maker: ModuleType) -> None:
    assert maker.version() == polyphony.__version__
    assert f'version = "{polyphony.__version__}"' in (ROOT / "python" / "pyproject.toml").read_text()
