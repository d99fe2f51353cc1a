"""Volumes: what the program makes of NIfTI files, and the masks that nibabel reads back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import polyphony
from agreement import by_program, difference, predicted
from conftest import SMALL
from polyphony.program import run

nibabel = pytest.importorskip("nibabel")


def write(folder: Path) -> np.ndarray:
    """Two contrasts and a mask of one patient, turned in space and of several types; returns the affine."""
    random = np.random.default_rng(0)
    turn = nibabel.eulerangles.euler2mat(0.1, 0.2, -0.1) @ np.diag([-1.0, 1.25, 2.5])
    affine = nibabel.affines.from_matvec(turn[:, [2, 0, 1]], [12.5, -40, 7.25])
    shape = (9, 20, 18)
    brain = np.zeros(shape, bool)
    brain[1:8, 3:17, 4:15] = True
    mask = np.zeros(shape, "u1")
    mask[2:7, 6:10, 6:11] = 1
    for name, kind in (("flair", "f4"), ("t1", ">i2")):
        image = np.where(brain, 100 + 20 * random.random(shape) + 60 * mask, 0).astype(kind)
        nibabel.save(nibabel.Nifti1Image(image, affine), folder / f"p_{name}.nii.gz")
    nibabel.save(nibabel.Nifti1Image(mask, affine), folder / "p_mask.nii.gz")
    return affine


def test_masks_lie_on_their_images(tmp_path: Path) -> None:
    affine = write(tmp_path)
    inputs = [word for name in ("flair", "t1", "mask") for word in ("--input", f"{name}={tmp_path}/p_{name}.nii.gz")]
    data = tmp_path / "data"
    run(["data", "convert", *inputs, "--target", "mask", "--output", str(data)])
    train = polyphony.Dataset(data, "train")
    assert train[0]["flair"].shape == (1, 16, 16) and {"volume", "slice"} <= train[0].keys()
    settings = {**SMALL, "training.batch_size": 3}
    polyphony.train(data, tmp_path / "run", architecture="deeplab_v3plus", set=settings)
    model = tmp_path / "run" / "model"
    predict = ["predict", "--model", str(model)]
    run([*predict, "--data", str(data), "--output", str(tmp_path / "masks")])
    run([*predict, *inputs[:4], "--output", str(tmp_path / "mask.nii.gz")])
    image = nibabel.load(tmp_path / "p_flair.nii.gz")
    for path in (tmp_path / "masks" / "p.nii.gz", tmp_path / "mask.nii.gz"):
        mask = nibabel.load(path)
        assert mask.shape == image.shape and np.array_equal(mask.affine, image.affine)
        assert mask.header.get_zooms() == image.header.get_zooms()
        for code in ("qform_code", "sform_code", "xyzt_units"):
            assert mask.header[code] == image.header[code]
        assert set(np.unique(np.asarray(mask.dataobj))) <= {0, 1}
    assert np.allclose(image.affine, affine, atol=1e-5)
    maps = by_program(model, data, None, tmp_path / "maps.safetensors")
    assert difference(predicted(polyphony.load(model), data), maps) < 1e-5
