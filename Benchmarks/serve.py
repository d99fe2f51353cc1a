#!/usr/bin/env python3
"""Measures `polyphony serve` beside the same model in one process, by turns, and prints a table.

    Benchmarks/serve.py [--clients 64] [--seconds 5] [--rounds 3] [--peers]
    Benchmarks/serve.py --soak 600

The model is late fusion of width 40 with 5 layers over three sequences of 50 steps. A client is a connection that sends
one sample in Triton's binary form, waits for the answer, and sends the next one. All clients are in one process of
Python, which needs processor time of its own. The table says how much. `--peers` measures FastAPI before the same model in
PyTorch too (`peers/serve.py`), for which `fastapi`, `uvicorn` and `torch` must be there. `--soak` lets all clients ask for
many seconds instead, and prints the memory on the way. The first answer that is no prediction ends the program.
"""

import argparse
import json
import os
import pathlib
import re
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FEATURES = {"text": 768, "audio": 74, "vision": 35}
LENGTH, WIDTH, LAYERS = 50, 40, 5


def random_numbers(count, state=[12345]):
    """Numbers between -1 and 1 that are the same in every run, as bytes."""
    values = []
    for _ in range(count):
        state[0] = (1103515245 * state[0] + 12345) % 2**31
        values.append(state[0] / 2**30 - 1)
    return struct.pack(f"<{count}f", *values)


def make_model(program, folder):
    """Trains a model of these sizes for one epoch on a few samples, which is the shortest way to a model folder."""
    data = folder / "data"
    data.mkdir()
    modalities = [
        {"name": name, "kind": "sequence", "features": features, "length": LENGTH} for name, features in FEATURES.items()
    ]
    splits = {}
    for split, count in (("train", 8), ("valid", 4), ("test", 4)):
        header, body = {}, b""
        for name, features in FEATURES.items():
            part = random_numbers(count * LENGTH * features)
            header[name] = {
                "dtype": "F32", "shape": [count, LENGTH, features], "data_offsets": [len(body), len(body) + len(part)]
            }  # fmt: skip
            body += part
        part = random_numbers(count)
        header["target"] = {"dtype": "F32", "shape": [count, 1], "data_offsets": [len(body), len(body) + len(part)]}
        text = json.dumps(header).encode()
        (data / f"{split}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body + part)
        splits[split] = {"file": f"{split}.safetensors"}
    description = {"name": "random", "task": {"kind": "regression"}, "modalities": modalities, "splits": splits}
    (data / "dataset.json").write_text(json.dumps(description))
    command = [program, "train", "--data", data, "--architecture", "late_fusion", "--output", folder / "run"]
    for setting in ("training.epochs=1", f"model.width={WIDTH}", f"model.layers={LAYERS}"):
        command += ["--set", setting]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "run" / "model"


def request(name):
    """A request for one sample, with the bytes behind the document."""
    inputs, binary = [], b""
    for modality, features in FEATURES.items():
        part = random_numbers(LENGTH * features)
        inputs.append({
            "name": modality, "datatype": "FP32", "shape": [1, LENGTH, features],
            "parameters": {"binary_data_size": len(part)},
        })  # fmt: skip
        binary += part
    document = json.dumps({"inputs": inputs, "outputs": [{"name": "prediction"}]}).encode()
    head = (
        f"POST /v2/models/{name}/infer HTTP/1.1\r\nHost: benchmark\r\n"
        f"Inference-Header-Content-Length: {len(document)}\r\nContent-Length: {len(document) + len(binary)}\r\n\r\n"
    )
    return head.encode() + document + binary


class Server:
    """A service in a process of its own."""

    def __init__(self, command):
        begin = time.perf_counter()
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        self.start = time.perf_counter() - begin
        found = re.search(r":(\d+)$", line.strip())
        if not found:
            sys.exit(f"the service did not start: {line}{self.process.stderr.read()}")
        self.port = int(found.group(1))

    def cpu(self):
        """Seconds of processor time so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Resident bytes."""
        return int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self, codes=(0,)):
        self.process.send_signal(signal.SIGTERM)
        rest = self.process.stderr.read()
        if self.process.wait() not in codes or rest:
            sys.exit(f"the service ended with {self.process.returncode}: {rest}")


class Client:
    """A connection that asks again as soon as it has an answer."""

    def __init__(self, port, body):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.body = body
        self.left = memoryview(b"")
        self.answer = b""
        self.begin = 0.0

    def ask(self):
        self.left, self.answer, self.begin = memoryview(self.body), b"", time.perf_counter()

    def send(self):
        """Sends what the system takes. True if all of it is on its way."""
        try:
            while len(self.left):
                self.left = self.left[self.socket.send(self.left) :]
        except BlockingIOError:
            pass
        return not len(self.left)

    def receive(self):
        """True when the answer is whole."""
        try:
            self.answer += self.socket.recv(65536)
        except BlockingIOError:
            return False
        end = self.answer.find(b"\r\n\r\n")
        if end < 0:
            return False
        if not self.answer.startswith(b"HTTP/1.1 200"):
            sys.exit(f"no prediction: {self.answer[:500]!r}")
        length = int(re.search(rb"(?i)content-length: (\d+)", self.answer).group(1))
        return len(self.answer) >= end + 4 + length


def load(server, clients, seconds, rate=None):
    """Lets clients ask for some seconds, and returns answers per second and all durations.

    With a rate, a client that has its answer waits, so that all of them together ask about as often.
    """
    body = request("bench")
    selector = selectors.DefaultSelector()
    everyone = [Client(server.port, body) for _ in range(clients)]
    pause = clients / rate if rate else 0.0
    due = []
    begin = time.perf_counter()
    for place, client in enumerate(everyone):
        selector.register(client.socket, selectors.EVENT_READ, client)
        due.append((begin + pause * place / clients, client))
    durations, end = [], begin + seconds
    while (now := time.perf_counter()) < end:
        ready = [entry for entry in due if entry[0] <= now]
        if ready:
            due = [entry for entry in due if entry[0] > now]
            for _, client in ready:
                client.ask()
                selector.modify(client.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, client)
        wait = min([entry[0] for entry in due], default=end) - now
        for key, events in selector.select(max(0.0, min(wait, end - now))):
            client = key.data
            if events & selectors.EVENT_WRITE and client.send():
                selector.modify(client.socket, selectors.EVENT_READ, client)
            if events & selectors.EVENT_READ and client.receive():
                now = time.perf_counter()
                durations.append(now - client.begin)
                due.append((max(now, client.begin + pause) if pause else now, client))
    for client in everyone:
        client.socket.close()
    return len(durations) / seconds, sorted(durations)


def in_process(program, batch, threads):
    """Samples per second of the same model in one process, without a service."""
    command = [program, "benchmark", "--architecture", "late_fusion", "--step", "infer", "--batch", str(batch)]
    command += ["--length", str(LENGTH), "--features", ",".join(map(str, FEATURES.values())), "--repeats", "40", "--json"]
    command += ["--set", f"model.width={WIDTH}", "--set", f"model.layers={LAYERS}", *threads]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["samples_per_s"]


def soak(server, clients, seconds):
    """Lets clients ask in eight parts, and prints the requests and the memory after each."""
    total = 0
    for _ in range(8):
        rate, _ = load(server, clients, seconds / 8)
        total += round(rate * seconds / 8)
        print(f"{total} requests, {server.memory() / 2**20:.1f} MB", flush=True)
    print(f"{total} requests of {clients} clients in {seconds:.0f} s without an error")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", default="0", help="threads of an operation, as for the program")
    parser.add_argument("--max-delay", default="2")
    parser.add_argument("--soak", type=float, default=0, help="seconds under load, to see errors and memory")
    parser.add_argument("--peers", action="store_true", help="measure FastAPI and PyTorch too")
    parser.add_argument("--program", default=str(ROOT / ".build" / "release" / "polyphony"))
    options = parser.parse_args()
    threads = ["--threads", options.threads]
    with tempfile.TemporaryDirectory() as folder:
        model = make_model(options.program, pathlib.Path(folder))
        command = [options.program, "serve", "--model", f"bench={model}", "--port", "0", "--max-delay", options.max_delay]
        command += threads
        if options.soak:
            server = Server(command)
            soak(server, options.clients, options.soak)
            return server.stop()
        print("| round | in process, samples/s | service, requests/s | share | p50, ms | p99, ms | service, cores | clients, cores |")
        print("|---|---:|---:|---:|---:|---:|---:|---:|")
        shares = []
        for turn in range(options.rounds):
            alone = in_process(options.program, 64, threads)
            server = Server(command)
            load(server, 2, 0.5)
            cpu, own, memory = server.cpu(), time.process_time(), server.memory()
            rate, durations = load(server, options.clients, options.seconds)
            used, own = (server.cpu() - cpu) / options.seconds, (time.process_time() - own) / options.seconds
            p50, p99 = durations[len(durations) // 2], durations[int(len(durations) * 0.99)]
            # The machine may be faster at one time than at another, so both sides of the round count.
            alone = (alone + in_process(options.program, 64, threads)) / 2
            shares.append(rate / alone)
            print(
                f"| {turn + 1} | {alone:.0f} | {rate:.0f} | {rate / alone:.2f} | {p50 * 1e3:.1f} | {p99 * 1e3:.1f} "
                f"| {used:.2f} | {own:.2f} |",
                flush=True,
            )
            half, durations = load(server, options.clients, options.seconds, rate / 2)
            p50, p99 = durations[len(durations) // 2], durations[int(len(durations) * 0.99)]
            growth = (server.memory() - memory) / 2**20
            print(f"| {turn + 1}, half load | | {half:.0f} | | {p50 * 1e3:.1f} | {p99 * 1e3:.1f} | | |", flush=True)
            start = server.start
            server.stop()
            for name, more in (("FastAPI", []), ("FastAPI, batches", ["--batch"])) if options.peers else ():
                peer = Server([sys.executable, ROOT / "Benchmarks/peers/serve.py", "--model", model, *more, *threads])
                load(peer, 2, 1.0)
                peer_rate, durations = load(peer, options.clients, options.seconds)
                p50, p99 = durations[len(durations) // 2], durations[int(len(durations) * 0.99)]
                print(f"| {turn + 1}, {name} | | {peer_rate:.0f} | | {p50 * 1e3:.1f} | {p99 * 1e3:.1f} | | |", flush=True)
                peer.stop(codes=(0, -signal.SIGTERM))
        print(f"\nstart until the first line: {start:.2f} s; growth of memory under load: {growth:.1f} MB")
        print(f"share of the throughput in one process: {sorted(shares)[len(shares) // 2]:.2f} (median)")


if __name__ == "__main__":
    main()
