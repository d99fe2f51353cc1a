#!/usr/bin/env python3
"""Sends mutated requests to a running `polyphony serve` on this machine, and checks that each has an answer.

    Tools/fuzz-service.py PROGRAM --model FOLDER [--adapter FOLDER] [--requests 100000] [--seed 1]

A request is right at first: JSON or binary, whole or in chunks. Then bytes, tokens, numbers and lengths change. A model
with encoders gets texts, pictures and sounds too, in base64 where the request is JSON, and their bytes change alone as
well. An answer must be below 500, or 501, 503 or 505. After each hundred requests the service must still give a right
prediction, and at the end it must leave no temporary file.
"""

import argparse
import base64
import json
import math
import os
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import zlib

MEANT = {501, 503, 505}
TOKENS = [
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"null", b"true", b"-1", b"1e999", b"0", b"1.5", b"9" * 30, b"\\u0000",
    b"\xff\xfe", b"\r\n", b"\r\n\r\n", b"\0", b"inputs", b"data", b"shape", b"FP32", b"BYTES", b"UINT64", b"BOOL",
    b"binary_data_size", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n",
    b"Inference-Header-Content-Length: 7\r\n", b"%00", b"%2e%2e%2f", b"/v2/repository/index", b"[" * 80, b" " * 200,
    b"A" * 5000, b"2147483648", b"-9223372036854775808", b"18446744073709551616",
]  # fmt: skip


def metadata(port, name):
    connection = socket.create_connection(("127.0.0.1", port), timeout=120)
    connection.sendall(f"GET /v2/models/{name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    data = b""
    while piece := connection.recv(65536):
        data += piece
    return json.loads(data.split(b"\r\n\r\n", 1)[1])


def chunk(kind, data):
    """A part of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def raw(chance, content):
    """A right raw input: a text, a picture as PPM or PNG, or a sound as WAVE. Of a clip there are only bytes."""
    if content == "text":
        words = ["the", "movie", "was", "good", "loved", "", "ß", "日本", "\u200d", "x" * 300]
        return " ".join(chance.choice(words) for _ in range(chance.randrange(12))).encode()
    if content == "image":
        width, height = chance.randrange(1, 40), chance.randrange(1, 40)
        rows = [chance.randbytes(3 * width) for _ in range(height)]
        if chance.random() < 0.5:
            return f"P6 {width} {height} 255\n".encode() + b"".join(rows)
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    if content == "audio":
        count, pitch = chance.randrange(400, 2000), chance.uniform(0.01, 2)
        data = struct.pack(f"<{count}h", *(int(9000 * math.sin(pitch * place)) for place in range(count)))
        form = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
        form += b"data" + struct.pack("<I", len(data)) + data
        return b"RIFF" + struct.pack("<I", len(form)) + form
    return chance.randbytes(chance.randrange(200))


def raw_tensor(chance, entry, rows, binary):
    """A tensor of raw inputs, and the bytes behind the document. One element in three is damaged, and some are empty."""
    values = [raw(chance, entry["parameters"]["raw"]["content"]) for _ in range(rows)]
    values = [mutated(chance, value) if chance.random() < 0.3 else value for value in values]
    values = [b"" if chance.random() < 0.05 else value for value in values]
    tensor = {"name": entry["name"], "datatype": "BYTES", "shape": [rows]}
    if binary and chance.random() < 0.8:
        data = b"".join(struct.pack("<I", len(value)) + value for value in values)
        tensor["parameters"] = {"binary_data_size": len(data)}
        return tensor, data
    tensor["parameters"] = {"content_type": "base64"}
    tensor["data"] = [base64.b64encode(value).decode() for value in values]
    return tensor, b""


def body(chance, inputs, binary):
    """A right request for one or two samples; its document's length where bytes follow."""
    rows = chance.choice([1, 1, 2])
    tensors, tail = [], b""
    for entry in inputs:
        if "." in entry["name"] or entry["name"] == "presence":
            continue
        if entry["parameters"]["optional"] and chance.random() < 0.3 and len(tensors) > 0:
            continue
        if "raw" in entry["parameters"] and chance.random() < 0.5:
            tensor, data = raw_tensor(chance, entry, rows, binary)
            tensors.append(tensor)
            tail += data
            continue
        shape = [rows] + [3 if size == -1 else size for size in entry["shape"][1:]]
        count = 1
        for size in shape:
            count *= size
        values = [chance.uniform(-2, 2) for _ in range(count)]
        tensor = {"name": entry["name"], "datatype": "FP32", "shape": shape}
        if binary and chance.random() < 0.8:
            data = struct.pack(f"<{count}f", *values)
            tensor["parameters"] = {"binary_data_size": len(data)}
            tail += data
        else:
            tensor["data"] = values
        tensors.append(tensor)
    document = {"inputs": tensors}
    if chance.random() < 0.3:
        document["id"] = "x" * chance.randrange(20)
    if chance.random() < 0.3:
        document["outputs"] = [{"name": "prediction", "parameters": {"binary_data": chance.random() < 0.5}}]
    text = json.dumps(document).encode()
    return text + tail, len(text) if tail else None


def without_raw(entry):
    """An input as if the model took features alone."""
    return {**entry, "parameters": {key: value for key, value in entry["parameters"].items() if key != "raw"}}


def whole(name, content, length, chunked, chance):
    """The bytes of a request."""
    lines = [f"POST /v2/models/{name}/infer HTTP/1.1", "Host: fuzz"]
    if length is not None:
        lines.append(f"Inference-Header-Content-Length: {length}")
    if chunked:
        lines.append("Transfer-Encoding: chunked")
        out, rest = b"", content
        while rest:
            size = chance.randrange(1, len(rest) + 1)
            out += f"{size:x}\r\n".encode() + rest[:size] + b"\r\n"
            rest = rest[size:]
        content = out + b"0\r\n\r\n"
    else:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def mutated(chance, data):
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        place = chance.randrange(len(data) + 1) if data else 0
        # Half of the changes hit the document, which is small beside the numbers.
        if chance.random() < 0.5:
            place = min(place, chance.randrange(400))
        kind = chance.randrange(7)
        if kind == 0:
            data = data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]
        elif kind == 1:
            data = data[:place] + chance.choice(TOKENS) + data[place:]
        elif kind == 2:
            data = data[:place] + data[place + chance.randrange(1, 20) :]
        elif kind == 3:
            end = place + chance.randrange(1, 50)
            data = data[:end] + data[place:end] + data[end:]
        elif kind == 4:
            numbers = list(re.finditer(rb"-?\d+", data[:2000]))
            if numbers:
                found = chance.choice(numbers)
                other = chance.choice([b"0", b"-1", b"1", b"2", b"7", b"4294967295", b"1e3", b"99999999999999999999"])
                data = data[: found.start()] + other + data[found.end() :]
        elif kind == 5:
            data = data[:place]
        else:
            token = chance.choice(TOKENS)
            data = data[:place] + token + data[place + len(token) :]
    return data


def statuses(data):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", data)]


def exchange(port, data):
    """Sends bytes, says that no more follow, and returns all that comes back."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=120)
    try:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass
    answer = b""
    try:
        while piece := connection.recv(65536):
            answer += piece
    except ConnectionResetError:
        pass
    connection.close()
    return answer


def fuzz(process, options):
    """Sends all requests, and ends the service."""
    port = int(process.stderr.readline().strip().rsplit(":", 1)[1])
    chance = random.Random(options.seed)
    inputs = metadata(port, "fuzz")["inputs"]
    right, length = body(random.Random(0), [without_raw(entry) for entry in inputs], True)
    right = whole("fuzz", right, length, False, chance)
    counts = {}
    for number in range(options.requests):
        content, length = body(chance, inputs, chance.random() < 0.5)
        # One request in five stays as it is, apart from damaged raw inputs.
        place = chance.choice(["nowhere", "inside", "inside", "inside", "anywhere"])
        if place == "inside":
            content = mutated(chance, content)
        data = whole("fuzz", content, length, chance.random() < 0.2, chance)
        if place == "anywhere":
            data = mutated(chance, data)
        answer = exchange(port, data)
        for status in statuses(answer) or [0]:
            counts[status] = counts.get(status, 0) + 1
            if status >= 500 and status not in MEANT:
                sys.exit(f"request {number} (seed {options.seed}): {answer[:500]!r}")
        if number % 100 == 0:
            if statuses(exchange(port, right)) != [200]:
                sys.exit(f"after request {number} (seed {options.seed}) a right request has no prediction")
        if process.poll() is not None:
            sys.exit(f"request {number} (seed {options.seed}) ended the service: {process.stderr.read()}")
    pages = int(pathlib.Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    process.send_signal(signal.SIGTERM)
    rest = process.stderr.read()
    if process.wait() != 0 or rest:
        sys.exit(f"the service ended with {process.returncode}: {rest}")
    if left := os.listdir(options.temporary):
        sys.exit(f"the service left {left}")
    print(f"{options.requests} requests; answers by status (0: none): {dict(sorted(counts.items()))}")
    print(f"resident memory at the end: {pages * os.sysconf('SC_PAGE_SIZE') / 2**20:.0f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    command = [options.program, "serve", "--model", f"fuzz={options.model}", "--port", "0", "--max-delay", "0"]
    command += ["--adapter", f"fuzz={options.adapter}"] if options.adapter else []
    with tempfile.TemporaryDirectory() as options.temporary:
        environment = dict(os.environ, TMPDIR=options.temporary)
        process = subprocess.Popen(
            command + ["--threads", "1"], stderr=subprocess.PIPE, text=True, env=environment
        )
        try:
            fuzz(process, options)
        finally:
            process.kill()


if __name__ == "__main__":
    main()
