"""The client of Triton against `polyphony serve`, where it is installed."""

from __future__ import annotations

import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import polyphony
from polyphony.safetensors_file import load

pytest.importorskip("tritonclient.http", reason="tritonclient is not installed")
TYPES = {"float32": "FP32", "int64": "INT64", "bool": "BOOL"}


@pytest.fixture(scope="module")
def adapter(place: Path, sequences: Path, trained) -> Path:
    """An adapter with which samples may lack modalities."""
    settings = {"training.epochs": 1}
    polyphony.tune(trained("late_fusion", sequences), sequences, "zero_fill", place / "served", set=settings)
    return place / "served" / "adapter"


@pytest.fixture(scope="module")
def service(adapter: Path, sequences: Path, trained) -> Iterator[str]:
    """The address of a service with the model `plain`, which needs all modalities, and `filled`, which does not."""
    model = trained("late_fusion", sequences)
    words = ["serve", "--port", "0", "--model", f"plain={model}", "--model", f"filled={model}"]
    words += ["--adapter", f"filled={adapter}"]
    process = subprocess.Popen([os.environ["POLYPHONY"], *words], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    yield process.stderr.readline().strip().rsplit("http://", 1)[-1]
    process.terminate()
    assert process.stderr.read() == "" and process.wait() == 0


def test_triton(service: str, adapter: Path, sequences: Path, place: Path, trained) -> None:
    from tritonclient import http as triton
    from tritonclient.utils import InferenceServerException

    client = triton.InferenceServerClient(service)
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("filled", "1")
    assert client.get_server_metadata()["name"] == "polyphony"
    inputs = client.get_model_metadata("filled")["inputs"]
    assert all(entry["parameters"]["optional"] for entry in inputs)
    assert client.get_model_config("plain")["max_batch_size"] == 64

    tensors = {name: array for name, array in load(sequences / "test.safetensors")[0].items()}
    model = trained("late_fusion", sequences)
    polyphony.predict(model, sequences, adapter=adapter, output=place / "served.safetensors")
    expected = load(place / "served.safetensors")[0]["prediction"]
    for binary in (True, False):
        asked = []
        for name, array in tensors.items():
            if name in ("target", "id"):
                continue
            array = array.astype(bool) if name == "presence" else array
            asked.append(triton.InferInput(name, list(array.shape), TYPES[str(array.dtype)]))
            asked[-1].set_data_from_numpy(np.ascontiguousarray(array), binary_data=binary)
        answer = client.infer("filled", asked, request_id="first")
        np.testing.assert_array_equal(answer.as_numpy("prediction"), expected)
        assert answer.get_response()["id"] == "first" and len(answer.as_numpy("label")) == len(expected)
    with pytest.raises(InferenceServerException, match="is missing"):
        client.infer("plain", [tensor for tensor in asked if tensor.name() == "text"])

    client.unload_model("plain")
    assert not client.is_model_ready("plain") and not client.is_server_ready()
    client.load_model("plain")
    states = {entry["name"]: entry["state"] for entry in client.get_model_repository_index()}
    assert states == {"plain": "READY", "filled": "READY"}
    with urllib.request.urlopen(f"http://{service}/metrics") as answer:
        text = answer.read().decode()
    assert 'nv_inference_request_success{model="filled",version="1"} 2' in text
    client.close()
