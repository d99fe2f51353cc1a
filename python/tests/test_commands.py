"""The program from Python: rows, live progress, and errors with their exit codes."""

from __future__ import annotations

import os
import re
import signal
import threading
from pathlib import Path

import pytest

import polyphony
from conftest import SMALL
from polyphony import PolyphonyError
from polyphony.commands import flat, words
from polyphony.methods.table import METHODS, WITHOUT_PARTS
from polyphony.models.architectures import ARCHITECTURES
from polyphony.program import find, run


def test_rows_and_progress(sequences: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = polyphony.train(sequences, place / "commands", architecture="early_fusion", seeds=2, set=SMALL)
    assert [row["name"] for row in rows] == ["joint"]
    assert rows[0]["seeds"] == [0, 1] and len(rows[0]["accuracy.values"]) == 2
    assert rows[0]["accuracy"] == pytest.approx(sum(rows[0]["accuracy.values"]) / 2)
    assert rows[0]["parameters.total"] == rows[0]["parameters.trainable"] > 0
    assert "epoch 1/1" in capsys.readouterr().err
    model = place / "commands" / "seed-0" / "model"
    scored = polyphony.evaluate(model, polyphony.Dataset(sequences, "test"), missing="fixed:text")
    assert scored[0]["missing"] == "fixed:text" and 0 <= scored[0]["accuracy"] <= 1
    for output in (None, place / "rows.csv", place / "rows.safetensors"):
        samples = polyphony.predict(model, sequences, output=output)
        assert [row["id"] for row in samples] == list(range(200, 230))
    assert isinstance(samples[0]["prediction"], list) and len(samples[0]["prediction"]) == 3
    pandas = pytest.importorskip("pandas")
    assert pandas.DataFrame(rows)["accuracy"].dtype == float


def test_compare(sequences: Path, place: Path) -> None:
    recipe = place / "compare.yaml"
    stage = "{model: {architecture: late_fusion, width: 8, heads: 2, layers: 1}, training: {epochs: 1}, balance: NAME}"
    methods = "".join(f"  {name}: [train: {stage.replace('NAME', name)}]\n" for name in ("joint", "unimodal"))
    recipe.write_text(f"data: {sequences}\nseeds: 1\nmethods:\n{methods}")
    rows = polyphony.compare(recipe, place / "compared")
    assert [row["name"] for row in rows] == ["joint", "unimodal"]


def test_errors(sequences: Path, place: Path) -> None:
    for call, code, key, remedy in [
        (lambda: polyphony.train(place / "none", place / "out"), 66, None, None),
        (lambda: polyphony.train(sequences, place / "out", architecture="late_fusoin"), 64, None, "late_fusion"),
        (
            lambda: polyphony.train(sequences, place / "out", set={"training.epohcs": 1}),
            64,
            "training.epohcs",
            "epochs",
        ),
        (lambda: polyphony.tune(sequences, sequences, "lora", place / "out"), 66, None, None),
        (lambda: polyphony.train(sequences, place / "out", colour="red"), 64, None, None),
    ]:
        with pytest.raises(PolyphonyError) as caught:
            call()
        error = caught.value
        assert error.exit_code == code, str(error)
        assert error.problem and "error:" not in error.problem
        if key is not None:
            assert error.key == key
        if remedy is not None:
            assert remedy in f"{error.remedy} {error.expected}"


def test_the_program_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "polyphony"
    own.write_text("#!/bin/sh\nexit 0\n")
    own.chmod(0o755)
    assert find(own) == str(own)
    monkeypatch.setenv("POLYPHONY", str(own))
    assert find() == str(own)
    monkeypatch.setenv("POLYPHONY", str(tmp_path / "none"))
    with pytest.raises(PolyphonyError) as caught:
        find()
    assert (caught.value.kind, caught.value.key) == ("usage", "POLYPHONY")
    monkeypatch.delenv("POLYPHONY")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find() == str(own)
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    with pytest.raises(PolyphonyError, match="was not found"):
        find()


def test_an_interrupt_reaches_the_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "polyphony"
    own.write_text(
        "#!/bin/sh\ntrap 'echo checkpoint »é« >&2; exit 130' INT\necho begun >&2\nwhile :; do sleep 0.05; done\n"
    )
    own.chmod(0o755)
    # A process in the background of a shell ignores interrupts, and so would the program.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run(["train"], own)
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err.split() == ["begun", "checkpoint", "»é«"]


@pytest.mark.parametrize(("command", "kinds"), [("tune", "Methods"), ("adapt", "Methods"), ("train", "backbone")])
def test_every_name_of_the_program_has_a_form_in_python(command: str, kinds: str) -> None:
    told = " ".join(run([command, "--help"]).split())
    names = re.search(rf"{kinds}[^:.]*: ([^.]+)\.", told)
    assert names is not None
    # A choice leaves the adapter of the method that it has chosen.
    known = {*METHODS, *WITHOUT_PARTS, *ARCHITECTURES, "auto"}
    assert set(names.group(1).split(", ")) <= known


def test_command_lines() -> None:
    assert words({"seeds": 2, "per_modality": True, "resume": False, "balance": ["joint", "ogm"], "missing": None}) == [
        *("--seeds", "2"),
        "--per-modality",
        *("--balance", "joint,ogm"),
    ]
    assert words({"set": {"a.b": [1, 2], "c": True}, "adapter": ["none", Path("x")]}) == [
        *("--set", "a.b=[1, 2]", "--set", "c=true"),
        *("--adapter", "none", "--adapter", "x"),
    ]


def test_flat_rows() -> None:
    row = {"name": "joint", "metrics": {"f1": {"mean": 0.5, "std": None, "values": [0.5]}}, "parameters": {"total": 3}}
    assert flat(row) == {"name": "joint", "f1": 0.5, "f1.std": None, "f1.values": [0.5], "parameters.total": 3}
