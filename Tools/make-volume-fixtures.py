#!/usr/bin/env python3
"""Writes what the tests of volumes read: NIfTI files of nibabel, metrics by volume of MONAI and SimpleITK, and sliding
windows of MONAI.

The numbers of the files follow from a formula, which the tests know too. Wants nibabel, MONAI, SciPy and SimpleITK:

    pip install nibabel monai scipy SimpleITK && python3 Tools/make-volume-fixtures.py
"""

import json
import sys
from pathlib import Path

import nibabel
import numpy as np
import SimpleITK as sitk
import torch
from monai.inferers import sliding_window_inference
from monai.metrics import compute_dice, compute_hausdorff_distance
from scipy import ndimage

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "python"))

from polyphony import safetensors_file  # noqa: E402

OUTPUT = ROOT / "Tests/PolyphonyTests/Fixtures/volumes"
SHAPE = (4, 5, 3)
OBLIQUE = nibabel.affines.from_matvec(
    nibabel.eulerangles.euler2mat(0.2, -0.1, 0.3) @ np.diag([-0.9, 1.1, 2.5]), [10.5, -20.25, 7]
)
TURNED = np.array([[0, 0, 2.0, -30], [-1.5, 0, 0, 12], [0, -1.0, 0, 40], [0, 0, 0, 1]])


def ramp(dtype):
    """Small whole numbers that every type holds: 0, 1, 2, … in the order of the file, from 0 again after 100."""
    return (np.arange(np.prod(SHAPE)) % 101).reshape(SHAPE, order="F").astype(dtype)


def save(name, image, kind, order="<", slope=None, intercept=0, codes=(0, 2)):
    image.set_qform(image.affine, codes[0])
    image.set_sform(image.affine if codes[1] else None, codes[1])
    header = image.header.as_byteswapped(order)
    header.set_data_dtype(kind.newbyteorder(order))
    image = type(image)(np.asarray(image.dataobj).astype(kind), None, header)
    if slope is not None:
        image.header.set_slope_inter(slope, intercept)
    nibabel.save(image, OUTPUT / name)
    loaded = nibabel.load(OUTPUT / name)
    return {
        "affine": loaded.affine.tolist(),
        "orientation": "".join(nibabel.aff2axcodes(loaded.affine)),
        "spacing": np.sqrt((loaded.affine[:3, :3] ** 2).sum(0)).tolist(),
        "sum": float(np.asarray(loaded.dataobj, dtype="f8").sum()),
        "first": np.asarray(loaded.dataobj, dtype="f8").ravel(order="F")[:4].tolist(),
    }


def files():
    found = {}
    kinds = ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]
    for kind in map(np.dtype, kinds):
        for order, word in (("<", "little"), (">", "big")):
            name = f"{word}-{kind.str[1:]}.nii"
            found[name] = save(name, nibabel.Nifti1Image(ramp("i2"), OBLIQUE), kind, order)
    short = np.dtype("i2")
    found["second.nii.gz"] = save("second.nii.gz", nibabel.Nifti2Image(ramp("i2"), OBLIQUE), short)
    found["second-big.nii"] = save("second-big.nii", nibabel.Nifti2Image(ramp("i2"), TURNED), short, ">")
    found["scaled.nii.gz"] = save("scaled.nii.gz", nibabel.Nifti1Image(ramp("i2"), TURNED), short, slope=0.5, intercept=-3)
    found["quaternion.nii.gz"] = save("quaternion.nii.gz", nibabel.Nifti1Image(ramp("i2"), OBLIQUE), short, codes=(1, 0))
    found["bare.nii.gz"] = save("bare.nii.gz", nibabel.Nifti1Image(ramp("i2"), np.diag([2, 3, 4, 1])), short, codes=(0, 0))
    return found


def blobs(random, shape, count, size):
    mask = np.zeros(shape, bool)
    grid = np.indices(shape)
    for _ in range(count):
        centre = [random.integers(0, extent) for extent in shape]
        radius = random.uniform(1, size)
        mask |= sum((grid[axis] - centre[axis]) ** 2 for axis in range(3)) <= radius**2
    return mask


def lesion_f1(prediction, truth):
    """The harmonic mean of the shares of right and of found lesions, with SimpleITK's components of 26 neighbours."""
    shares = []
    for one, other in ((prediction, truth), (truth, prediction)):
        labels = sitk.GetArrayFromImage(sitk.ConnectedComponent(sitk.GetImageFromArray(one.astype("u1")), True))
        if labels.max() == 0:
            return 0.0 if prediction.any() or truth.any() else None
        shares.append(len(set(labels[other]) - {0}) / int(labels.max()))
    return 0.0 if sum(shares) == 0 else 2 * shares[0] * shares[1] / sum(shares)


def case(prediction, truth, spacing):
    one, other = (torch.tensor(mask[None, None].astype("f4")) for mask in (prediction, truth))
    distance = float(compute_hausdorff_distance(one, other, include_background=True, percentile=95, spacing=spacing))
    total = prediction.sum() + truth.sum()
    dice = float(compute_dice(one, other, include_background=True, ignore_empty=False)) if total else None
    return {
        "shape": list(truth.shape),
        "spacing": spacing,
        "prediction": np.flatnonzero(prediction).tolist(),
        "truth": np.flatnonzero(truth).tolist(),
        "dice_volume": dice,
        "lesion_f1": lesion_f1(prediction, truth),
        "hd95": distance if prediction.any() and truth.any() else None,
        "volume_difference": abs(int(prediction.sum()) - int(truth.sum())) / int(truth.sum()) if truth.any() else None,
    }


def metrics():
    random = np.random.default_rng(3)
    cases = []
    for shape, spacing in (((7, 12, 10), [3.0, 1.0, 1.2]), ((5, 16, 9), [1.0, 1.0, 1.0]), ((9, 8, 8), [0.5, 2.0, 0.7])):
        truth = blobs(random, shape, 5, 2.5)
        shifted = ndimage.shift(truth.astype("f4"), (0, 1, -1), order=0) > 0.5
        cases.append(case(shifted | blobs(random, shape, 2, 1.5), truth, spacing))
        cases.append(case(blobs(random, shape, 4, 2), truth, spacing))
    corners = np.zeros((3, 4, 4), bool)
    corners[0, 0, 0] = corners[1, 1, 1] = corners[2, 3, 3] = True
    cases.append(case(np.roll(corners, 1, 2), corners, [2.0, 1.0, 1.0]))
    empty = np.zeros_like(corners)
    cases += [case(empty, corners, [1.0] * 3), case(corners, empty, [1.0] * 3), case(empty, empty, [1.0] * 3)]
    return cases


def windows():
    """Predictions of a convolution, which differ between windows because each has zeros around it."""
    torch.manual_seed(5)
    tensors = {}
    cases = {
        "wide": ((13, 22), (8, 10)),
        "odd": ((11, 9), (7, 5)),
        "small": ((6, 22), (8, 10)),
        "volume": ((9, 13, 11), (4, 8, 6)),
        "flat": ((3, 9, 12), (4, 6, 6)),
    }
    for name, (image, window) in cases.items():
        x = torch.randn(2, 1, *image)
        weight = torch.randn(2, 1, *[3] * len(image))
        convolution = torch.nn.functional.conv2d if len(image) == 2 else torch.nn.functional.conv3d
        output = sliding_window_inference(
            x, window, 3, lambda part: convolution(part, weight, padding=1), overlap=0.5, mode="gaussian"
        )
        tensors.update({f"{name}.input": x, f"{name}.weight": weight, f"{name}.output": output})
        tensors[f"{name}.window"] = torch.tensor(window)
    arrays = {name: tensor.contiguous().numpy() for name, tensor in tensors.items()}
    safetensors_file.save(OUTPUT / "windows.safetensors", arrays, {})


def main():
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "files.json").write_text(json.dumps(files(), indent=1) + "\n")
    windows()
    (OUTPUT / "metrics.json").write_text(json.dumps(metrics(), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
