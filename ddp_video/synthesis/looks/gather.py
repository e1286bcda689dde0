"""The looks of the people of a labelled dataset: who is good enough, and the table of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ...data.densepose_coco import DensePoseDataset, Record
from ...errors import InputError
from ...settings import LookSettings
from ..charts.lookup import Charts
from ..raster.rays import face_normals
from .fill import SETTLED, Whole, filled
from .regions import OF_FACE, bare, limb, scalp
from .seen import projected
from .surface import skin
from .table import PhotoLook, write_looks

AROUND = 6  # pixels about a person's box that are looked at
NEEDED = ((0,), (1, 2), (3, 4))  # limbs: torso, legs, arms
LEAST = 0.12  # of each of these, seen or mirrored
STANDARD = 480  # pixels: the height at which sharpness is judged
EDGES = 95  # percentile of gradients from which on they are edges
BLUR = 1.5  # pixels, sigma: sharp edges are much weaker after it
FEW = 40  # vertices that a colour is the median of, at least
UNSEEN = np.full(3, np.nan)


@dataclass(frozen=True)
class Candidate:
    """Somebody whose look is good enough.

    Attributes:
        look: what goes into the table.
        picture: (h, w, 3) uint8 RGB, cut out of the photo.
    """

    look: PhotoLook
    picture: np.ndarray


def candidates(record: Record, settings: LookSettings) -> Iterator[Candidate | str]:
    """Everybody in a picture, or in a word why somebody is left out."""
    for k in range(len(record.boxes)):
        yield candidate(record, k, settings)


def candidate(record: Record, k: int, settings: LookSettings) -> Candidate | str:
    """Person k of a picture, or in a word why not."""
    x0, y0, x1, y1 = record.boxes[k]
    if record.iuv is None or not record.has_surface[k]:
        return "without labels"
    if y1 - y0 < settings.height:
        return "small"
    if record.weights[k] < settings.weight:
        return "labelled with doubt"
    window = np.s_[
        max(int(y0) - AROUND, 0) : int(y1) + AROUND, max(int(x0) - AROUND, 0) : int(x1) + AROUND
    ]
    image, iuv, mask = record.image[window], record.iuv[window], record.instance[window] == k + 1
    if height(mask) < settings.height:
        return "hidden"
    if sharpness(image, mask) < settings.sharpness:
        return "blurred"
    whole = filled(projected(image, iuv, mask, settings.tile))
    if not covered(whole, settings.seen):
        return "hidden"
    tone, hair, scalp = colours(whole)
    return Candidate(PhotoLook(whole.rgba, tone, hair, scalp, record.name), image)


def sharpness(image: np.ndarray, mask: np.ndarray) -> float:
    """0..1: how much a person's edges lose when blurred, at a standard size.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool.
    """
    if not mask.any():
        return 0.0
    scale = STANDARD / height(mask)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    size = (grey.shape[1], grey.shape[0])
    inside = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    inside = cv2.erode(inside, np.ones((9, 9), np.uint8)) > 0
    if not inside.any():
        return 0.0
    before, after = (
        _edges(picture, inside) for picture in (grey, cv2.GaussianBlur(grey, (0, 0), BLUR))
    )
    return 1 - after / before if before > 0 else 0.0


def height(mask: np.ndarray) -> int:
    """Rows from the first to the last that somebody (H, W) is seen in."""
    rows = np.flatnonzero(mask.any(1))
    return int(np.ptp(rows)) + 1 if len(rows) else 0


def _edges(grey: np.ndarray, inside: np.ndarray) -> float:
    """Mean of the strongest gradients."""
    down, right = np.gradient(grey)
    size = np.hypot(down, right)[inside]
    return float(size[size >= np.percentile(size, EDGES)].mean())


def areas() -> np.ndarray:
    """(M,) square metres that hang on each of the charts' vertices."""
    faces = Charts.shipped().faces
    share = np.repeat(face_normals(skin(), faces)[1] / 3, 3)
    return np.bincount(faces.ravel(), share, len(skin()))


def covered(whole: Whole, least: float) -> bool:
    """Whether enough of the body is known, and something of trunk, arms and legs."""
    known, area = whole.weight > SETTLED, areas()
    if area[known].sum() < least * area.sum():
        return False
    parts = [np.isin(limb(), limbs) for limbs in NEEDED]
    return all(area[known & part].sum() >= LEAST * area[part].sum() for part in parts)


def colours(whole: Whole) -> tuple[np.ndarray, np.ndarray, float]:
    """Linear reflectance (3,) of skin and hair, NaN where not seen, and the scalp's share seen."""
    known = whole.weight > SETTLED
    face = known & (bare() == OF_FACE)
    flesh = face if face.sum() >= FEW else known & (bare() > 0)
    share = float((known & scalp()).sum() / scalp().sum())
    return _median(whole.colour[flesh]), _median(whole.colour[known & scalp()]), share


def _median(rgb: np.ndarray) -> np.ndarray:
    return (np.median(rgb, 0) / 255) ** 2.2 if len(rgb) >= FEW else UNSEEN


def gather(
    datasets: Sequence[Path],
    path: Path,
    settings: LookSettings,
    progress: Callable[[int, int], None] = lambda done, total: None,
    look_at: Callable[[Candidate], None] = lambda candidate: None,
) -> tuple[int, Counter[str]]:
    """Write the looks of all good people of some datasets.

    Args:
        datasets: folders with dense labels; pictures of another split than `train` are left out.
        path: `.npz` to write.
        settings: who is good enough.
        progress: told pictures done and in all.
        look_at: given everybody who is taken.

    Returns:
        How many looks, and why how many people were left out.

    Raises:
        DataError: a dataset cannot be read.
        InputError: nobody is good enough.
    """
    read = [DensePoseDataset(folder) for folder in datasets]
    chosen = [
        (dataset, index)
        for dataset in read
        for index, image in enumerate(dataset.images)
        if image.get("split", "train") == "train"
    ]
    looks, left = [], Counter()
    for done, (dataset, index) in enumerate(chosen):
        progress(done, len(chosen))
        for found in candidates(dataset[index], settings):
            if isinstance(found, str):
                left[found] += 1
            else:
                looks.append(found.look)
                look_at(found)
    progress(len(chosen), len(chosen))
    if not looks:
        why = ", ".join(f"{count} {word}" for word, count in left.most_common())
        raise InputError(
            f"nobody in {len(chosen)} pictures can be used ({why or 'nobody is labelled'});"
            " give photos with larger people"
        )
    write_looks(path, looks)
    return len(looks), left
