#!/usr/bin/env python3
"""The accuracy of a service on data sets that arrive one after another as one stream, with and without adaptation.

    python3 served.py PROGRAM --model FOLDER [--adapt inputs] [--batch 64] DATA...

The client is tritonclient, which sends the split «test» of each data set in its order. The classes of the samples stay
with the client. PYTHONPATH must name the folder `python` of this repository.
"""

import argparse
import json
import pathlib
import re
import signal
import subprocess
import sys

import numpy as np
import tritonclient.http as triton
from polyphony.safetensors_file import load


class Service:
    """`polyphony serve` in a process of its own."""

    def __init__(self, program, model, *options):
        command = [program, "serve", "--model", f"m={model}", "--port", "0", "--threads", "1", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if found := re.match(r"serving .*:(\d+)$", line):
                self.client = triton.InferenceServerClient(f"127.0.0.1:{found.group(1)}")
                return
        sys.exit("the service did not start")

    def labels(self, inputs, name="label", **stream):
        """The classes of some samples by an output of labels."""
        tensors = []
        for key, values in inputs.items():
            tensor = triton.InferInput(key, values.shape, "FP32")
            tensor.set_data_from_numpy(values)
            tensors.append(tensor)
        outputs = [triton.InferRequestedOutput(name)]
        return self.client.infer("m", tensors, outputs=outputs, **stream).as_numpy(name).astype(int)

    def report(self, stream):
        """What the service says of a stream."""
        return json.loads(self.client._get(f"v2/models/m/streams/{stream}", None, None).read())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapt", default="inputs", help="the method of the streams")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("data", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    adapt = ["--adapt", options.adapt]
    plain, adapting = Service(options.program, options.model), Service(options.program, options.model, *adapt)
    shadow = Service(options.program, options.model, *adapt, "--shadow")
    print(f"| data | samples | without | with `--adapt {options.adapt}` | would change, by the shadow | drift |")
    print("|---|---:|---:|---:|---:|---|")
    total, last = np.zeros(3), 0
    for folder in options.data:
        arrays = load(folder / "test.safetensors")[0]
        names = [modality["name"] for modality in json.loads((folder / "dataset.json").read_text())["modalities"]]
        target = np.asarray(arrays["target"]).reshape(-1).astype(int)
        right = np.zeros(2, int)
        for start in range(0, len(target), options.batch):
            rows = slice(start, start + options.batch)
            inputs = {name: np.ascontiguousarray(arrays[name][rows], np.float32) for name in names}
            source, own = plain.labels(inputs), adapting.labels(inputs, sequence_id=7)
            if not (shadow.labels(inputs, sequence_id=7) == source).all():
                sys.exit("the shadow answers otherwise than the source")
            right += [(source == target[rows]).sum(), (own == target[rows]).sum()]
        report = shadow.report(7)
        changed, last = report["shadow"]["changed_labels"] - last, report["shadow"]["changed_labels"]
        drift = ", ".join(f"{name} {value:.1f}" for name, value in report["drift"].items())
        shares = right / len(target)
        print(f"| {folder.name} | {len(target)} | {shares[0]:.3f} | {shares[1]:.3f} | {changed} | {drift} |", flush=True)
        total += [len(target), *right]
    print(f"| all | {total[0]:.0f} | {total[1] / total[0]:.3f} | {total[2] / total[0]:.3f} | {last} | |")
    print(f"\nthe shadow's report: {json.dumps(report['shadow'])}")
    for service in (plain, adapting, shadow):
        service.stop()


if __name__ == "__main__":
    main()
