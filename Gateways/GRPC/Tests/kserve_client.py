"""Asks the gateway through KServe's client, in a process of its own.

KServe and Triton have messages of the same names, and one process cannot load both. Arguments: the gateway's address, a
file with tensors, and the file for the predictions.
"""

from __future__ import annotations

import asyncio
import sys

import kserve
import numpy as np
from kserve.inference_client import InferenceGRPCClient

from serving import TYPES


async def talk(address: str, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = {}
    async with InferenceGRPCClient(address) as client:
        assert await client.is_server_live() and await client.is_server_ready()
        assert await client.is_model_ready("filled") and not await client.is_model_ready("none")
        for binary in (True, False):
            inputs = []
            for name, array in tensors.items():
                inputs.append(kserve.InferInput(name, list(array.shape), TYPES[str(array.dtype)]))
                inputs[-1].set_data_from_numpy(array, binary_data=binary)
            answer = await client.infer(kserve.InferRequest("filled", inputs, request_id="first"))
            assert answer.id == "first" and answer.model_name == "filled"
            found[f"binary {binary}"] = {output.name: output.as_numpy() for output in answer.outputs}["prediction"]
    return found


if __name__ == "__main__":
    np.savez(sys.argv[3], **asyncio.run(talk(sys.argv[1], dict(np.load(sys.argv[2])))))
