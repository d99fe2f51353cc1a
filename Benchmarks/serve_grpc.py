#!/usr/bin/env python3
"""Measures the gateway of gRPC beside the service that it asks, by turns, and prints a table.

    Benchmarks/serve_grpc.py [--rounds 5] [--requests 200]
    Benchmarks/serve_grpc.py --soak 120 --clients 16

The model is that of `serve.py`. Triton's client of HTTP asks the service, and its client of gRPC the gateway, with the
same sample. A soak sends requests from many clients for some seconds, and says how the memory of the gateway changed.
`make grpc` builds the gateway. `tritonclient[http,grpc]` must be there.
"""

import argparse
import os
import pathlib
import statistics
import sys
import tempfile
import threading
import time

import numpy
import tritonclient.grpc
import tritonclient.http
from serve import FEATURES, LENGTH, ROOT, Server, make_model

GATEWAY = os.environ.get("POLYPHONY_GRPC", ROOT / "Gateways" / "GRPC" / ".build" / "release" / "polyphony-grpc")


def inputs(module, features):
    """One sample as inputs of a client."""
    random = numpy.random.default_rng(0)
    tensors = []
    for name, size in features.items():
        values = random.normal(size=[1, LENGTH, size]).astype(numpy.float32)
        tensors.append(module.InferInput(name, list(values.shape), "FP32"))
        tensors[-1].set_data_from_numpy(values)
    return tensors, [module.InferRequestedOutput("prediction")]


def times(client, tensors, outputs, count):
    """The seconds of each of some requests, one after another."""
    found = []
    for _ in range(count):
        begin = time.perf_counter()
        client.infer("model", tensors, outputs=outputs)
        found.append(time.perf_counter() - begin)
    return found


def compare(service, gateway, rounds, requests):
    """Prints the time of a request over HTTP and over gRPC."""
    ways = {
        "HTTP": (tritonclient.http, f"127.0.0.1:{service.port}"),
        "gRPC": (tritonclient.grpc, f"127.0.0.1:{gateway.port}"),
    }
    asked = {name: (module.InferenceServerClient(address), *inputs(module, FEATURES)) for name, (module, address) in ways.items()}
    found = {name: [] for name in ways}
    for name, way in asked.items():
        times(*way, 20)
    for _ in range(rounds):
        for name, way in asked.items():
            found[name].append(times(*way, requests))
    print("| way | median ms | 99 % ms |\n|---|---:|---:|")
    for name, rounds_found in found.items():
        every = sorted(value for one in rounds_found for value in one)
        print(f"| {name} | {statistics.median(every) * 1e3:.2f} | {every[len(every) * 99 // 100] * 1e3:.2f} |")
    ratios = [statistics.median(grpc) / statistics.median(http) for http, grpc in zip(found["HTTP"], found["gRPC"])]
    print(f"gRPC / HTTP by turns: {', '.join(f'{ratio:.2f}' for ratio in ratios)}; median {statistics.median(ratios):.2f}")


def soak(gateway, clients, seconds):
    """Sends requests from many clients, each with a connection of its own."""
    counts, errors = [0] * clients, []
    end = time.monotonic() + seconds

    def ask(place):
        # Clients of one address would share a connection.
        client = tritonclient.grpc.InferenceServerClient(
            f"127.0.0.1:{gateway.port}", channel_args=[("grpc.use_local_subchannel_pool", 1)]
        )
        tensors, outputs = inputs(tritonclient.grpc, FEATURES)
        while time.monotonic() < end and not errors:
            try:
                client.infer("model", tensors, outputs=outputs)
                counts[place] += 1
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=ask, args=[place]) for place in range(clients)]
    for thread in threads:
        thread.start()
    step = max(1.0, seconds / 8)
    while any(thread.is_alive() for thread in threads):
        time.sleep(step)
        print(f"{sum(counts)} requests, {gateway.memory() / 1e6:.1f} MB, {gateway.cpu():.1f} s of processor time", flush=True)
    if errors:
        sys.exit(f"a request failed: {errors[0]}")
    print(f"{sum(counts)} requests of {clients} clients in {seconds} s without an error")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=str(ROOT / ".build" / "release" / "polyphony"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--soak", type=float, default=0)
    parser.add_argument("--clients", type=int, default=16)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = make_model(options.program, pathlib.Path(folder))
        delay = ["--max-delay", "0"] if not options.soak else []
        service = Server([options.program, "serve", "--model", model, "--name", "model", "--port", "0", *delay])
        gateway = Server([str(GATEWAY), "--service", f"http://127.0.0.1:{service.port}", "--port", "0"])
        if options.soak:
            soak(gateway, options.clients, options.soak)
        else:
            compare(service, gateway, options.rounds, options.requests)
        gateway.stop()
        service.stop()


if __name__ == "__main__":
    main()
