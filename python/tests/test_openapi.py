"""schemathesis against the description that `polyphony serve` serves of itself, where it is installed.

`pip install schemathesis` brings it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from serving import serving


def test_schemathesis_finds_nothing(sequences: Path, adapter: Path, trained, tmp_path: Path) -> None:
    pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    model = trained("late_fusion", sequences)
    served = ("--model", f"plain={model}", "--model", f"filled={model}", "--adapter", f"filled={adapter}")
    with serving(*served, "--adapt", "inputs", "--state", str(tmp_path / "state"), "--threads", "1") as address:
        command = [sys.executable, "-m", "schemathesis.cli", "--no-color"]
        command += ["--config-file", str(Path(__file__).with_name("schemathesis.toml"))]
        command += ["run", f"http://{address}/openapi.yaml", "--phases", "coverage,fuzzing", "--max-examples", "15"]
        found = subprocess.run([*command, "--seed", "1"], cwd=tmp_path, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr
