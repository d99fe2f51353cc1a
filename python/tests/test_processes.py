"""Training in several processes: torchrun launches it, and PyTorch's DistributedDataParallel finds the same weights."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.nn.parallel import DistributedDataParallel

import polyphony
from conftest import SMALL
from polyphony.program import find
from safetensors.torch import load_file

SETTINGS = {**SMALL, "training.optimizer": "sgd", "training.batch_size": 24, "training.schedule": "constant"}
RATE = 0.02
NO_DROPOUT = {f"model.dropout.{place}": 0 for place in ("attention", "relu", "residual", "embedding", "output")}


def arguments(data: Path, output: Path, **settings: object) -> list[str]:
    words = ["train", "--data", str(data), "--architecture", "late_fusion", "--output", str(output)]
    for key, value in {**SETTINGS, **settings}.items():
        words += ["--set", f"{key}={value}"]
    return words


def torchrun(processes: int, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "torch.distributed.run", "--no-python", "--standalone"),
        *("--nproc-per-node", str(processes), *options, str(find())),
    ]


def run(words: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    return subprocess.run(words, capture_output=True, text=True, timeout=300, env=environment)


def train(words: list[str]) -> dict[str, torch.Tensor]:
    """Runs a training, and returns the weights after its last step."""
    done = run(words)
    assert done.returncode == 0, done.stderr
    return load_file(Path(words[words.index("--output") + 1]) / "checkpoint" / "model.safetensors")


def distance(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    assert one.keys() == other.keys()
    return max(float((one[key] - other[key]).abs().max()) for key in one)


def test_torchrun(sequences: Path, place: Path) -> None:
    settings = {"training.epochs": 3, "training.batch_size": 8}
    alone = train([str(find()), *arguments(sequences, place / "alone", **settings, **{"training.accumulate": 2})])
    together = train([*torchrun(2), *arguments(sequences, place / "together", **settings)])
    assert distance(alone, together) == 0.0


def test_torchrun_starts_again(sequences: Path, place: Path) -> None:
    """A process that is killed while it writes its second checkpoint ends both. The next start goes on from the first."""
    settings = {"training.epochs": 3, "training.batch_size": 8}
    whole = train([*torchrun(2), *arguments(sequences, place / "undisturbed", **settings)])
    words = [*torchrun(2, "--max-restarts", "9"), *arguments(sequences, place / "killed", **settings), "--resume"]
    done = run(words, POLYPHONY_KILL_AT="removeOld:2")
    assert done.returncode == 0, done.stderr
    assert distance(whole, load_file(place / "killed" / "checkpoint" / "model.safetensors")) == 0.0


def _member(rank: int, port: int, model_folder: str, data: str, output: str) -> None:
    """Trains as one of two processes of PyTorch, with half of the samples, and writes the weights."""
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2)
    model = polyphony.load(model_folder)
    parallel = DistributedDataParallel(model)
    split = polyphony.Dataset(data, "train")
    batch = torch.utils.data.default_collate([split[row] for row in range(rank * 12, rank * 12 + 12)])
    optimizer = torch.optim.SGD(parallel.parameters(), lr=RATE, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(parallel(batch).prediction, batch["target"]).backward()
        torch.nn.utils.clip_grad_norm_(parallel.parameters(), 0.8)
        optimizer.step()
    if rank == 0:
        torch.save({key: value.detach() for key, value in model.state_dict().items()}, output)
    torch.distributed.destroy_process_group()


def test_weights_are_those_of_ddp(sequences: Path, place: Path) -> None:
    # A step of this length changes no bit, so the folder has the starting weights.
    train([str(find()), *arguments(sequences, place / "start", **NO_DROPOUT, **{"training.learning_rate": 1e-30})])
    settings = {**NO_DROPOUT, "training.epochs": 3, "training.learning_rate": RATE}
    launch = [str(find()), "launch", "--processes", "2", "--"]
    ours = train([*launch, *arguments(sequences, place / "ours", **settings)])
    port = 20000 + os.getpid() % 20000
    file = place / "ddp.pt"
    torch.multiprocessing.start_processes(
        _member, (port, str(place / "start" / "model"), str(sequences), str(file)), nprocs=2, start_method="spawn"
    )
    theirs = torch.load(file)
    assert max(float((ours[key] - theirs[key]).abs().max()) for key in ours) < 1e-6
    assert set(ours) <= set(theirs)


@pytest.mark.parametrize(
    ("words", "variables", "message"),
    [
        (["report", "nowhere"], {}, "takes no part in a group"),
        (["train", "--data", "DATA", "--output", "PLACE", "--balance", "mmpareto"], {}, "every batch as a whole"),
    ],
)
def test_refused(sequences: Path, place: Path, words: list[str], variables: dict[str, str], message: str) -> None:
    output = place / "refused"
    words = [{"DATA": str(sequences), "PLACE": str(output)}.get(word, word) for word in words]
    done = run([*torchrun(2), *words], **variables)
    assert done.returncode != 0 and message in done.stderr
    assert not output.exists()
