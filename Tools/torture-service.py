#!/usr/bin/env python3
"""Kills `polyphony serve` at random instants while streams adapt, and checks that every stream comes back whole.

    Tools/torture-service.py PROGRAM --model FOLDER [--adapt inputs] [--kills 200] [--seed 1]
    Tools/torture-service.py PROGRAM --model FOLDER --disks

A stream learns from one batch of numbers again and again. So its answer after k batches is known for every k. After a
kill, a stream must give the answer of some k that it has reached, no stream may give the answer of another one, and
every file in the folder must be whole. `--disks` gives the service a disk that is full and a disk that cannot be
written, which needs the rights to mount one. There, answers must be those of a service without any folder.
"""

import argparse
import atexit
import hashlib
import json
import pathlib
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

CLIENTS = 3
STREAMS = 6  # two for each client


class Server:
    """A service whose streams adapt, with the lines that it writes."""

    def __init__(self, options, state, most=1000, port=0, more=()):
        command = [options.program, "serve", "--model", f"m={options.model}", "--port", str(port)]
        command += ["--adapt", options.adapt, "--threads", "1"]
        command += ["--max-delay", "0", "--max-streams", str(most)] + (["--state", str(state)] if state else [])
        command += more
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        self.lines = []
        while not (line := self.process.stderr.readline()).startswith("serving "):
            if not line:
                sys.exit("the service did not start: " + "".join(self.lines))
            self.lines.append(line)
        self.port = int(line.rsplit(":", 1)[1])
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stderr), daemon=True)
        self.reader.start()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def metric(self, name):
        text = exchange(self.connect(), "GET", "/metrics", parse=False)[1].decode()
        return int([line for line in text.splitlines() if line.startswith(name + "{")][0].split()[-1])

    def end(self, number):
        self.process.send_signal(number)
        code = self.process.wait()
        self.reader.join()
        return code


def exchange(connection, method, path, body="", parse=True):
    return converse(connection, method, path, body, parse=parse)[:2]


def converse(connection, method, path, body="", fields=None, parse=True):
    """Sends a request, and returns status, document and header fields of the answer."""
    more = "".join(f"{name}: {value}\r\n" for name, value in (fields or {}).items())
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    connection.sendall((head + body).encode())
    data = b""
    while b"\r\n\r\n" not in data:
        data += receive(connection)
    head, rest = data.split(b"\r\n\r\n", 1)
    lines = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:]]
    fields = {name.lower(): value for name, value in lines}
    while len(rest) < int(fields["content-length"]):
        rest += receive(connection)
    is_json = parse and fields.get("content-type") == "application/json"
    return int(head.split()[1]), json.loads(rest) if is_json else rest, fields


def receive(connection):
    piece = connection.recv(65536)
    if not piece:
        raise ConnectionResetError
    return piece


def answer(connection, body):
    status, document = exchange(connection, "POST", "/v2/models/m/infer", body)
    if status != 200:
        sys.exit(f"no prediction: {document}")
    return tuple(document["outputs"][0]["data"])


def request(inputs, stream, generation=0):
    """A batch of four samples that is the stream's own, in each of its generations."""
    chance = random.Random(stream)
    tensors = []
    for entry in inputs:
        if "." in entry["name"] or entry["name"] == "presence":
            continue
        shape = [4] + [2 if size == -1 else size for size in entry["shape"][1:]]
        count = 1
        for size in shape:
            count *= size
        data = [chance.gauss(stream - 2, 1 + stream / 4) for _ in range(count)]
        tensors.append({"name": entry["name"], "datatype": "FP32", "shape": shape, "data": data})
    parameters = {"sequence_id": f"stream {stream}, {generation}"}
    return json.dumps({"inputs": tensors, "outputs": [{"name": "prediction"}], "parameters": parameters})


def known_answers(options):
    """The inputs of the model, and the answers of all streams after each number of batches."""
    server = Server(options, None)
    connection = server.connect()
    inputs = exchange(connection, "GET", "/v2/models/m")[1]["inputs"]
    bodies = [request(inputs, stream) for stream in range(STREAMS)]
    answers = [[answer(connection, body) for _ in range(options.batches)] for body in bodies]
    if server.end(signal.SIGTERM) != 0:
        sys.exit("the service did not end with 0")
    return inputs, answers


class Stream:
    """A client's knowledge of a stream."""

    def __init__(self, number, inputs, answers):
        self.number, self.inputs = number, inputs
        # An answer may come after several numbers of batches, for instance if the guard has refused one.
        self.places = {answer: [] for answer in answers}
        for place, said in enumerate(answers):
            self.places[said].append(place)
        self.answers = answers
        self.generation = -1
        self.begin_anew()

    def begin_anew(self):
        """Takes the same numbers as another stream, because what follows is not known."""
        self.generation += 1
        self.body = request(self.inputs, self.number, self.generation)
        # The batches that the client has seen, and those that the service may have learned from.
        self.reached = self.most = 0
        # The numbers of batches after which the next answer may come.
        self.next = {0}

    def meet(self, connection, is_first):
        """Sends a batch, and returns the batches that a kill has taken away."""
        if self.most == len(self.answers):
            self.begin_anew()
        # The service may learn from this batch even if a kill takes the answer away.
        bound, self.most = self.most, self.most + 1
        said = answer(connection, self.body)
        found = self.places.get(said, [])
        possible = [place for place in found if (place <= bound if is_first else place in self.next)]
        if not possible:
            raise ValueError(f"stream {self.number} is at batch {found or 'of no stream'}, and was at {self.reached}")
        lost = max(0, self.reached - max(possible))
        self.next = {place + 1 for place in possible}
        self.reached = self.most = max(possible) + 1
        return lost


def check_files(folder):
    """Every file of a stream is whole, and has the name of its stream."""
    for file in folder.rglob("*"):
        if file.name.startswith(".") or file.is_dir():
            continue
        data = file.read_bytes()
        length = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8 : 8 + length])
        own = header.pop("__metadata__")
        end = max(entry["data_offsets"][1] for entry in header.values())
        name = hashlib.sha256(own["stream"].encode()).hexdigest()
        if len(data) != 8 + length + end or file.name != f"{name}.safetensors":
            sys.exit(f"{file} is damaged or that of another stream")


def kill(options):
    chance = random.Random(options.seed)
    inputs, answers = known_answers(options)
    streams = [Stream(number, inputs, answers[number]) for number in range(STREAMS)]
    counts = {"answers": 0, "back": 0, "lost": 0}
    problems = []

    def client(server, own, seed):
        """Sends batches to some streams until the service is gone."""
        chance, met = random.Random(seed), set()
        try:
            connection = server.connect()
            while True:
                stream = chance.choice(own)
                lost = stream.meet(connection, stream not in met)
                if stream not in met:
                    counts["back"] += stream.reached > 1
                    counts["lost"] += lost
                met.add(stream)
                counts["answers"] += 1
        except OSError:
            pass
        except BaseException as problem:
            problems.append(problem)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for number in range(options.kills):
            server = Server(options, folder, chance.choice([1, 2, STREAMS]))
            threads = [
                threading.Thread(target=client, args=(server, streams[place::CLIENTS], chance.random()))
                for place in range(CLIENTS)
            ]
            for thread in threads:
                thread.start()
            time.sleep(chance.uniform(0.02, 2.5))
            server.end(signal.SIGKILL)
            for thread in threads:
                thread.join()
            check_files(folder)
            if problems or any("warning" in line for line in server.lines):
                sys.exit(f"kill {number} (seed {options.seed}): {problems} {server.lines}")
        saved = len(list(folder.rglob("*.safetensors")))
    print(
        f"{options.kills} kills, {counts['answers']} answers; streams came back {counts['back']} times with what they "
        f"had learned; batches lost by kills: {counts['lost']}; files at the end: {saved}, all whole"
    )


def disks(options):
    inputs, answers = known_answers(options)
    bodies = [request(inputs, stream) for stream in range(STREAMS)]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for case, word in (("full", "No space left"), ("read-only", "Read-only file system")):
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], check=True)
            try:
                # A stream that was saved before the disk changes.
                server = Server(options, folder)
                reached = [0] * STREAMS
                for _ in range(3):
                    assert answer(server.connect(), bodies[0]) == answers[0][reached[0]]
                    reached[0] += 1
                assert server.end(signal.SIGTERM) == 0
                if case == "full":
                    with open(folder / "filler", "wb", buffering=0) as filler:
                        try:
                            while True:
                                filler.write(b"0" * 4096)
                        except OSError:
                            pass
                else:
                    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
                server = Server(options, folder)
                connection, begin = server.connect(), time.monotonic()
                while time.monotonic() < begin + 3 and max(reached) < options.batches:
                    for stream, body in enumerate(bodies):
                        assert answer(connection, body) == answers[stream][reached[stream]], f"{case}: another answer"
                        reached[stream] += 1
                failures = server.metric("polyphony_stream_failures_total")
                assert server.end(signal.SIGTERM) == 0
                said = [line for line in server.lines if line.startswith("warning")]
                assert failures > 0 and len(said) == 1 and word in said[0], (case, failures, server.lines)
                check_files(folder / "m")
                print(f"{case}: {sum(reached)} right answers, {failures} failed saves; the service said: {said[0].strip()}")
            finally:
                subprocess.run(["umount", folder], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapt", default="inputs", help="the method of the streams")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batches", type=int, default=400, help="the most batches of a stream that are known")
    parser.add_argument("--disks", action="store_true", help="full and read-only disks instead of kills")
    options = parser.parse_args()
    disks(options) if options.disks else kill(options)


if __name__ == "__main__":
    main()
