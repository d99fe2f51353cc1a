"""The gRPC clients of Triton and of KServe against the gateway.

`make test-grpc` builds the gateway, brings the clients, and runs this with the fixtures of `python/tests`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest

from serving import TYPES, listening, serving

grpc = pytest.importorskip("grpc", reason="grpcio is not installed")
triton = pytest.importorskip("tritonclient.grpc", reason="tritonclient is not installed")
from tritonclient.grpc import service_pb2, service_pb2_grpc  # noqa: E402
from tritonclient.utils import InferenceServerException  # noqa: E402

PROGRAM = Path(os.environ.get("POLYPHONY_GRPC", Path(__file__).parents[1] / ".build" / "release" / "polyphony-grpc"))
pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="the gateway is not built (make grpc)")


@contextmanager
def gateway(service: str, *options: str) -> Iterator[str]:
    """Runs the gateway at a free port, and gives its address."""
    with listening(str(PROGRAM), "--service", f"http://{service}", "--port", "0", *options) as (address, _):
        yield address


@pytest.fixture(scope="module")
def service(adapter: Path, sequences: Path, trained) -> Iterator[str]:
    """The address of a service whose streams adapt: `plain` needs all modalities, and `filled` does not."""
    model = trained("late_fusion", sequences)
    words = ["--model", f"plain={model}", "--model", f"filled={model}", "--adapter", f"filled={adapter}"]
    with serving(*words, "--adapt", "inputs") as address:
        yield address


@pytest.fixture(scope="module")
def address(service: str) -> Iterator[str]:
    with gateway(service) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[triton.InferenceServerClient]:
    with closing(triton.InferenceServerClient(address)) as client:
        yield client


def asked(tensors: dict[str, np.ndarray], rows: slice = slice(None), module=triton) -> list:
    """The tensors as inputs of a client."""
    inputs = []
    for name, array in tensors.items():
        array = np.ascontiguousarray(array[rows])
        inputs.append(module.InferInput(name, list(array.shape), TYPES[str(array.dtype)]))
        inputs[-1].set_data_from_numpy(array)
    return inputs


def refused(code: str, call, *arguments, **options) -> str:
    """Makes a call that is refused with a code, and gives the sentence."""
    with pytest.raises(InferenceServerException) as refusal:
        call(*arguments, **options)
    assert refusal.value.status() == f"StatusCode.{code}", refusal.value
    return refusal.value.message()


def test_documents(client) -> None:
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("filled", "1")
    assert client.get_server_metadata().name == "polyphony"
    inputs = client.get_model_metadata("filled").inputs
    assert {entry.name: list(entry.shape) for entry in inputs}["text"] == [-1, -1, 5]
    config = client.get_model_config("filled").config
    assert config.max_batch_size == 64 and all(entry.optional for entry in config.input)
    assert [entry.data_type for entry in config.output] == [11, 11, 11, 13]  # TYPE_FP32, and TYPE_STRING


@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_bits(client, tensors: dict[str, np.ndarray], expected: np.ndarray, compression: str | None) -> None:
    answer = client.infer("filled", asked(tensors), request_id="first", compression_algorithm=compression)
    np.testing.assert_array_equal(answer.as_numpy("prediction"), expected)
    assert answer.get_response().id == "first" and len(answer.as_numpy("label")) == len(expected)


def test_same_as_http(client, service: str, tensors: dict[str, np.ndarray]) -> None:
    """A left-out modality, and some of the outputs, mean over both ways the same."""
    http = pytest.importorskip("tritonclient.http", reason="tritonclient.http is not installed")
    some = {name: tensors[name] for name in ("text", "vision")}
    with closing(http.InferenceServerClient(service)) as direct:
        wanted = [http.InferRequestedOutput(name) for name in ("label", "probability")]
        there = direct.infer("filled", asked(some, module=http), outputs=wanted)
    here = client.infer("filled", asked(some), outputs=[triton.InferRequestedOutput(name) for name in ("label", "probability")])
    assert [output.name for output in here.get_response().outputs] == ["label", "probability"]
    for name in ("label", "probability"):
        np.testing.assert_array_equal(here.as_numpy(name), there.as_numpy(name))


def test_typed_contents(client, tensors: dict[str, np.ndarray], expected: np.ndarray) -> None:
    """Elements in the fields of their types, as KServe's protocol has them beside bytes."""
    fields = {"float32": "fp32_contents", "int64": "int64_contents", "bool": "bool_contents"}
    request = service_pb2.ModelInferRequest(model_name="filled")
    for name, array in tensors.items():
        tensor = request.inputs.add(name=name, datatype=TYPES[str(array.dtype)], shape=array.shape)
        getattr(tensor.contents, fields[str(array.dtype)]).extend(array.ravel().tolist())
    answer = triton.InferResult(client._client_stub.ModelInfer(request))
    np.testing.assert_array_equal(answer.as_numpy("prediction"), expected)


def test_kserve(address: str, tensors: dict[str, np.ndarray], expected: np.ndarray, tmp_path: Path) -> None:
    if importlib.util.find_spec("kserve") is None:
        pytest.skip("kserve is not installed")
    np.savez(tmp_path / "tensors.npz", **tensors)
    script = Path(__file__).with_name("kserve_client.py")
    subprocess.run([sys.executable, script, address, tmp_path / "tensors.npz", tmp_path / "found.npz"], check=True)
    with np.load(tmp_path / "found.npz") as found:
        assert set(found) == {"binary True", "binary False"}
        for prediction in found.values():
            np.testing.assert_array_equal(prediction, expected)


def test_sequences(client, service: str, tensors: dict[str, np.ndarray]) -> None:
    """A stream over gRPC, one over a stream of gRPC and one over HTTP learn the same."""
    http = pytest.importorskip("tritonclient.http", reason="tritonclient.http is not installed")
    answers: SimpleQueue = SimpleQueue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    with closing(http.InferenceServerClient(service)) as direct:
        for step in range(4):
            rows = slice(7 * step, 7 * step + 7)
            mark = {"sequence_start": step == 0, "sequence_end": step == 3}
            there = direct.infer("filled", asked(tensors, rows, http), sequence_id="there", **mark).as_numpy("prediction")
            here = client.infer("filled", asked(tensors, rows), sequence_id="here", **mark)
            assert here.get_response().parameters["sequence_id"].string_param == "here"
            client.async_stream_infer("filled", asked(tensors, rows), sequence_id=7, **mark)
            result, error = answers.get(timeout=60)
            assert error is None and result.get_response().parameters["triton_final_response"].bool_param
            np.testing.assert_array_equal(here.as_numpy("prediction"), there)
            np.testing.assert_array_equal(result.as_numpy("prediction"), there)
    # A refusal does not end the stream.
    for name in ("none", "filled"):
        client.async_stream_infer(name, asked(tensors))
        result, error = answers.get(timeout=60)
        assert (error is None) == (name == "filled") and (error is None or "no model none" in error.message())
    client.stop_stream()


def test_refusals(client, tensors: dict[str, np.ndarray]) -> None:
    text = {"text": tensors["text"]}
    assert "is missing" in refused("INVALID_ARGUMENT", client.infer, "plain", asked(text))
    assert "no model none" in refused("NOT_FOUND", client.infer, "none", asked(text))
    assert "version 1 alone" in refused("NOT_FOUND", client.infer, "filled", asked(text), model_version="2")
    assert "no model ../.." in refused("NOT_FOUND", client.get_model_config, "../..")
    assert refused("INVALID_ARGUMENT", client.infer, "", asked(text)) == "the name of a model is needed"
    refused("UNIMPLEMENTED", client.get_inference_statistics)
    large = {"text": np.zeros([1 << 20, 4, 5], np.float32)}
    assert "64 MiB" in refused("RESOURCE_EXHAUSTED", client.infer, "filled", asked(large))
    broken = client._channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
    with pytest.raises(grpc.RpcError) as refusal:
        broken(b"\xff\xff\xff")
    assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_repository(client, tensors: dict[str, np.ndarray]) -> None:
    health = client._channel.unary_unary("/grpc.health.v1.Health/Check")
    assert health(b"") == b"\x08\x01"  # SERVING
    client.unload_model("plain")
    assert not client.is_model_ready("plain") and not client.is_server_ready() and health(b"") == b"\x08\x02"
    assert "is not loaded" in refused("UNAVAILABLE", client.infer, "plain", asked(tensors))
    client.load_model("plain")
    states = {entry.name: entry.state for entry in client.get_model_repository_index().models}
    assert states == {"plain": "READY", "filled": "READY"}
    assert "takes no such parameter" in refused("INVALID_ARGUMENT", client.load_model, "plain", config="{}")
    # KServe's messages have the model's name in another field.
    kserve = client._channel.unary_unary("/inference.GRPCInferenceService/RepositoryModelLoad")
    assert kserve(b"\x0a\x05plain") == b"\x0a\x05plain\x10\x01"


def test_tokens(adapter: Path, sequences: Path, tmp_path: Path, trained) -> None:
    """A token goes to the service, and the gateway may ask for one itself."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.write_text("0123456789abcdef\n")
    theirs.write_text("0123456789abcdef\nfedcba9876543210\n")
    model = trained("late_fusion", sequences)
    with serving("--model", f"plain={model}", "--token-file", str(theirs)) as service:
        for options, others in (((), None), (("--token-file", str(ours)), "UNAUTHENTICATED")):
            with gateway(service, *options) as address, closing(triton.InferenceServerClient(address)) as client:
                assert client.is_server_ready()
                refused("UNAUTHENTICATED", client.get_server_metadata)
                assert client.get_server_metadata(headers={"authorization": "Bearer 0123456789abcdef"}).name == "polyphony"
                other = {"authorization": "Bearer fedcba9876543210"}
                if others is None:
                    assert client.is_model_ready("plain", headers=other)
                else:
                    refused(others, client.is_model_ready, "plain", headers=other)


class Recorder:
    """A service that keeps each request, and answers when a test says so."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.requests: SimpleQueue[tuple[dict[str, str], bytes, socket.socket]] = SimpleQueue()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            file = connection.makefile("rb")
            lines = iter(lambda: file.readline().decode().strip(), "")
            fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            self.requests.put((fields, file.read(int(fields.get("content-length", 0))), connection))

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)  # A thread that waits for a connection would keep it open.
        self.listener.close()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with closing(Recorder()) as recorder:
        yield recorder


def bytes_input(module, values: list[bytes]):
    tensor = module.InferInput("text", [len(values)], "BYTES")
    tensor.set_data_from_numpy(np.array(values, object))
    return tensor


def test_the_body_is_that_of_tritons_http_client(recorder: Recorder) -> None:
    http = pytest.importorskip("tritonclient.http", reason="tritonclient.http is not installed")
    values = [b"I loved it", b"", bytes(range(256))]
    with gateway(recorder.address) as address, closing(triton.InferenceServerClient(address)) as client:
        client.async_infer("m", [bytes_input(triton, values)], lambda result, error: None, sequence_id=7, request_id="a")
        fields, body, connection = recorder.requests.get(timeout=60)
        connection.close()
    wanted, length = http.InferenceServerClient.generate_request_body(
        [bytes_input(http, values)], sequence_id=7, request_id="a"
    )
    ours = int(fields["inference-header-content-length"])
    assert json.loads(body[:ours]) == json.loads(wanted[:length])
    assert body[ours:] == wanted[length:]


def test_a_deadline_ends_the_request(recorder: Recorder) -> None:
    with gateway(recorder.address) as address, closing(triton.InferenceServerClient(address)) as client:
        message = refused("DEADLINE_EXCEEDED", client.infer, "m", [bytes_input(triton, [b"a"])], client_timeout=0.2)
        assert message
        _, _, connection = recorder.requests.get(timeout=60)
        connection.settimeout(60)
        assert connection.recv(1) == b""  # The gateway has closed it.


def test_a_stop_waits_for_running_calls(recorder: Recorder) -> None:
    done: SimpleQueue = SimpleQueue()
    with listening(str(PROGRAM), "--service", f"http://{recorder.address}", "--port", "0") as (address, process):
        with closing(triton.InferenceServerClient(address)) as client:
            client.start_stream(lambda result, error: None)
            client.async_infer("m", [bytes_input(triton, [b"a"])], lambda result, error: done.put((result, error)))
            _, _, connection = recorder.requests.get(timeout=60)
            process.terminate()
            host, port = address.split(":")
            while True:  # Until nobody listens any longer.
                try:
                    socket.create_connection((host, int(port))).close()
                except OSError:
                    break
            body = b'{"model_name":"m","model_version":"1","outputs":[]}'
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            result, error = done.get(timeout=60)
            assert error is None and result.get_response().model_name == "m"
            assert process.wait(timeout=20) == 0


def test_a_service_that_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        service = "127.0.0.1:%d" % unused.getsockname()[1]
    with gateway(service) as address, closing(triton.InferenceServerClient(address)) as client:
        for call in (client.is_server_live, client.is_server_ready, client.get_server_metadata):
            assert refused("UNAVAILABLE", call) == f"the service at http://{service} does not answer"
        assert client._channel.unary_unary("/grpc.health.v1.Health/Check")(b"") == b"\x08\x02"  # NOT_SERVING
