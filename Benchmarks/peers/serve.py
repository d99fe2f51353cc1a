#!/usr/bin/env python3
"""Answers requests for predictions as Python services usually do: FastAPI before a model in PyTorch.

serve.py --model DIR [--batch] [--threads 0]

It takes Triton's binary bodies for one sample, and answers with the prediction as JSON. With `--batch`, requests that
come within two milliseconds share a pass of at most 64 samples. The first line says where it listens, as for `polyphony`.
"""

import argparse
import asyncio
import contextlib
import json
import pathlib
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy
import torch
import uvicorn
from fastapi import FastAPI, Request

import package  # noqa: F401
from polyphony import load

MOST, DELAY = 64, 0.002


def tensors(body, length):
    """The inputs of a request by their names."""
    result, place = {}, length
    for entry in json.loads(body[:length])["inputs"]:
        size = entry["parameters"]["binary_data_size"]
        values = numpy.frombuffer(body, numpy.float32, size // 4, place)
        result[entry["name"]] = values.reshape(entry["shape"])
        place += size
    return result


def predict(model, requests):
    """The predictions for some requests in one pass."""
    inputs = {name: torch.from_numpy(numpy.concatenate([each[name] for each in requests])) for name in requests[0]}
    with torch.inference_mode():
        return model(inputs)[0].tolist()


class Batches:
    """Joins requests that wait at the same time."""

    def __init__(self, model):
        self.model, self.waiting = model, asyncio.Queue()
        self.pool = ThreadPoolExecutor(1)

    async def answer(self, inputs):
        done = asyncio.get_running_loop().create_future()
        self.waiting.put_nowait((inputs, done))
        return await done

    async def run(self):
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self.waiting.get()]
            end = loop.time() + DELAY
            while len(batch) < MOST:
                try:
                    batch.append(await asyncio.wait_for(self.waiting.get(), end - loop.time()))
                except TimeoutError:
                    break
            answers = await loop.run_in_executor(self.pool, predict, self.model, [inputs for inputs, _ in batch])
            for (_, done), answer in zip(batch, answers):
                done.set_result(answer)


def application(model, batching):
    batches = Batches(model)

    @contextlib.asynccontextmanager
    async def lifespan(_):
        task = asyncio.create_task(batches.run())
        yield
        task.cancel()

    app = FastAPI(lifespan=lifespan)

    @app.post("/v2/models/bench/infer")
    async def infer(request: Request):
        inputs = tensors(await request.body(), int(request.headers["inference-header-content-length"]))
        if batching:
            answer = await batches.answer(inputs)
        else:
            answer = (await asyncio.to_thread(predict, model, [inputs]))[0]
        output = {"name": "prediction", "datatype": "FP32", "shape": [1, len(answer)], "data": answer}
        return {"model_name": "bench", "outputs": [output]}

    return app


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--batch", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    model = load(options.model)
    model.eval()
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(f"serving bench at http://127.0.0.1:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
    config = uvicorn.Config(application(model, options.batch), log_level="critical", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
