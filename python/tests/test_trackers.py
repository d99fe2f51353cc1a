"""Trackers of other projects, where they are installed: MLflow's own server, and Weights & Biases offline."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import polyphony
from conftest import ROOT, SMALL


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    pytest.importorskip("mlflow", reason="mlflow is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    words = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    words += ["--backend-store-uri", f"sqlite:///{tmp_path}/runs.db", "--artifacts-destination", str(tmp_path / "files")]
    with open(tmp_path / "log", "w") as log:
        process = subprocess.Popen([sys.executable, "-m", "mlflow", *words], stdout=log, stderr=log, cwd=tmp_path)
    try:
        for _ in range(240):
            if process.poll() is not None:
                pytest.fail((tmp_path / "log").read_text())
            try:
                urllib.request.urlopen(f"{address}/health")
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait()


def test_mlflow(server: str, sequences: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "trial of two")
    rows = polyphony.train(
        sequences, place / "tracked", architecture="late_fusion", seeds=2, set={**SMALL, "training.epochs": 2}
    )
    client = MlflowClient(server)
    experiment = client.get_experiment_by_name("trial of two")
    assert experiment is not None
    runs = sorted(client.search_runs([experiment.experiment_id]), key=lambda run: run.data.params["seed"])
    assert [run.info.run_name for run in runs] == ["joint, seed 0", "joint, seed 1"]
    for seed, run in enumerate(runs):
        assert run.info.status == "FINISHED" and run.info.end_time >= run.info.start_time
        assert run.data.params["model.width"] == "8" and run.data.params["training.epochs"] == "2"
        assert run.data.metrics["test/accuracy"] == rows[0]["accuracy.values"][seed]
        assert len(client.get_metric_history(run.info.run_id, "valid/loss")) == 2
        names = [file.path for file in client.list_artifacts(run.info.run_id)]
        assert names == ["README.md", "recipe.yaml", "results.json"]
        text = Path(client.download_artifacts(run.info.run_id, "results.json", str(place))).read_text()
        assert json.loads(text)["results"][0]["metrics"]["accuracy"]["mean"] == rows[0]["accuracy.values"][seed]


def test_wandb(sequences: Path, trained, tmp_path: Path) -> None:
    """The script of the article, offline: the file of the run has the figures of the last epoch."""
    for name in ("wandb", "tensorboard"):
        pytest.importorskip(name, reason=f"{name} is not installed")
    run = trained("late_fusion", sequences).parent
    article = (ROOT / "Sources" / "Polyphony" / "Polyphony.docc" / "Trackers.md").read_text()
    script = re.search(r"^```python\n(# to-wandb.py\n.*?)^```$", article, re.DOTALL | re.MULTILINE)
    assert script is not None
    (tmp_path / "to-wandb.py").write_text(script.group(1))
    variables = {**os.environ, "WANDB_MODE": "offline", "WANDB_DIR": str(tmp_path), "WANDB_SILENT": "true"}
    words = [sys.executable, "to-wandb.py", str(run)]
    told = subprocess.run(words, cwd=tmp_path, env=variables, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    (file,) = tmp_path.glob("wandb/offline-run-*/run-*.wandb")
    figures = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    for name in ("train/loss", "valid/accuracy"):
        assert name.encode() in file.read_bytes()
        assert repr(float(np.float32(figures[name]))).encode() in file.read_bytes(), name
