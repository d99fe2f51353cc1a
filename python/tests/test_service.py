"""The clients of Triton and of KServe against `polyphony serve`, where they are installed.

`pip install 'tritonclient[http]'` and `pip install kserve` bring them.
"""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from serving import TYPES, serving


@pytest.fixture(scope="module")
def service(adapter: Path, sequences: Path, trained) -> Iterator[str]:
    """The address of a service with the model `plain`, which needs all modalities, and `filled`, which does not."""
    model = trained("late_fusion", sequences)
    with serving("--model", f"plain={model}", "--model", f"filled={model}", "--adapter", f"filled={adapter}") as address:
        yield address


def test_triton(service: str, tensors: dict[str, np.ndarray], expected: np.ndarray) -> None:
    triton = pytest.importorskip("tritonclient.http", reason="tritonclient is not installed")
    from tritonclient.utils import InferenceServerException

    client = triton.InferenceServerClient(service)
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("filled", "1")
    assert client.get_server_metadata()["name"] == "polyphony"
    inputs = client.get_model_metadata("filled")["inputs"]
    assert all(entry["parameters"]["optional"] for entry in inputs)
    assert client.get_model_config("plain")["max_batch_size"] == 64

    for binary in (True, False):
        asked = [triton.InferInput(name, list(array.shape), TYPES[str(array.dtype)]) for name, array in tensors.items()]
        for tensor in asked:
            tensor.set_data_from_numpy(tensors[tensor.name()], binary_data=binary)
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


def test_kserve(service: str, tensors: dict[str, np.ndarray], expected: np.ndarray) -> None:
    kserve = pytest.importorskip("kserve", reason="kserve is not installed")
    import httpx
    from kserve.protocol.infer_type import RequestedOutput

    def asked(binary: bool, names: list[str]) -> list:
        inputs = []
        for name in names:
            inputs.append(kserve.InferInput(name, list(tensors[name].shape), TYPES[str(tensors[name].dtype)]))
            inputs[-1].set_data_from_numpy(tensors[name], binary_data=binary)
        return inputs

    async def talk() -> None:
        async with kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v2")) as client:
            base = f"http://{service}"
            assert await client.is_server_live(base) and await client.is_server_ready(base)
            assert await client.is_model_ready(base, "filled") and not await client.is_model_ready(base, "none")
            for binary in (True, False):
                outputs = [RequestedOutput(name, {"binary_data": binary}) for name in ("prediction", "label")]
                request = kserve.InferRequest(
                    "filled", asked(binary, list(tensors)), request_id="first", request_outputs=outputs
                )
                answer = await client.infer(base, request, model_name="filled")
                assert answer.id == "first" and answer.model_name == "filled"
                found = {output.name: output.as_numpy() for output in answer.outputs}
                np.testing.assert_array_equal(found["prediction"], expected)
                assert len(found["label"]) == len(expected)
            # A request without outputs gets all of them.
            answer = await client.infer(base, kserve.InferRequest("filled", asked(False, ["text"])), model_name="filled")
            assert [output.name for output in answer.outputs] == ["prediction", "representation", "probability", "label"]
            with pytest.raises(httpx.HTTPStatusError, match="is missing"):
                await client.infer(base, kserve.InferRequest("plain", asked(True, ["text"])), model_name="plain")

    asyncio.run(talk())


def test_the_commands_of_the_readme(sequences: Path, trained, tmp_path: Path) -> None:
    """The lines with curl, at a free port, with another model and folder."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    text = Path(__file__).parents[2].joinpath("README.md").read_text()
    block = re.search(r"### Serve\n\n```sh\n(.*?)```", text, re.S)
    assert block is not None
    start, *commands = block.group(1).replace("runs/", f"{tmp_path}/").splitlines()
    words = shlex.split(start.removesuffix("&"))
    assert words[:2] == ["polyphony", "serve"] and len(commands) == 3
    words[words.index("--model") + 1] = str(trained("late_fusion", sequences))
    with serving(*words[2:]) as address:
        answers = [
            subprocess.run(
                shlex.split(command.replace("127.0.0.1:8080", address)), check=True, capture_output=True, text=True
            ).stdout
            for command in commands
        ]
    assert answers[0] == "" and tmp_path.joinpath("request.json").stat().st_size > 0
    plain, stream = (json.loads(answer) for answer in answers[1:])
    assert [output["name"] for output in plain["outputs"]][0] == "prediction"
    # A stream that has learned nothing answers like the model.
    assert stream["outputs"] == plain["outputs"] and stream["parameters"] == {"sequence_id": "sensor-7"}
    assert tmp_path.joinpath("streams").is_dir()
