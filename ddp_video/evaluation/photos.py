"""Photos that know less than dense labels: outlines, boxes, clothes, joints, emptiness."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..data.densepose_coco import read_picture
from ..data.mirror import PART_MIRROR
from ..data.segmentation import decode, encode
from ..errors import DataError
from .clips import union
from .coco_judge import coco_precision
from .dataset import PERSON, coco_results
from .error_cases import ErrorCases
from .found import Looker, box_iou, iou, masks_of, people_of, ranked_people, read_frame
from .truth import box_of, outlined

TALL = 80  # pixels: boxes of smaller people do not count
HIT = 0.5  # IoU of boxes

# Joint → the parts that may be seen there, of the right side; the left side by the mirror.
_AT_JOINT = {
    "ankle": (6, 11, 13),
    "knee": (7, 9, 11, 13),
    "hip": (1, 2, 7, 9),
    "wrist": (3, 20, 22),
    "elbow": (16, 18, 20, 22),
    "shoulder": (1, 2, 16, 18, 20, 22),
}
_SIDED = ("knee", "ankle", "elbow", "wrist")  # no part of the torso is seen there
JOINTS: dict[str, tuple[int, ...]] = {
    **{f"r_{name}": parts for name, parts in _AT_JOINT.items()},
    **{f"l_{n}": tuple(int(PART_MIRROR[p]) if p > 2 else p for p in parts)
       for n, parts in _AT_JOINT.items()},
    "neck": (1, 2, 23, 24),
    "head_top": (23, 24),
}  # fmt: skip


def score_outlines(
    looker: Looker, photos: Iterable[Path], errors: ErrorCases | None = None
) -> dict[str, Any]:
    """Box and mask AP of photos; NAME.txt beside each: class x y x y …, class 0 = person."""
    images, annotations, results = [], [], []
    for number, photo in enumerate(photos, 1):
        frame = read_frame(photo)
        masks = read_outlines(photo.with_suffix(".txt"), frame.size)
        found = people_of(looker.predict(frame))
        images.append({"id": number, "height": frame.size[0], "width": frame.size[1]})
        annotations += [
            _annotation(m, number, len(annotations) + k) for k, m in enumerate(masks, 1)
        ]
        results.extend(coco_results(number, ranked_people(looker, frame, found)))
        if errors is not None:
            errors.add(frame.image, photo.name, [outlined(m) for m in masks], found)
    truth = {
        "info": {},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": PERSON, "name": "person"}],
    }
    return {
        "pictures": len(images),
        "people": len(annotations),
        "boxes": coco_precision(truth, results, "bbox"),
        "masks": coco_precision(truth, results, "segm"),
    }


def read_outlines(path: Path, size: tuple[int, int]) -> list[np.ndarray]:
    """Person masks (H, W) bool from a polygon file.

    Raises:
        DataError: not such a file.
    """
    masks = []
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, *values = (float(v) for v in line.split())
            if kind == 0 and len(values) >= 6:
                polygon = np.array(values).reshape(-1, 2) * [size[1], size[0]]
                masks.append(decode([polygon.ravel().tolist()], *size))
    except (ValueError, OSError) as error:
        raise DataError(f"{path} holds no polygons; restore the file") from error
    return [mask for mask in masks if mask.any()]


def _annotation(mask: np.ndarray, image_id: int, number: int) -> dict[str, Any]:
    x0, y0, x1, y1 = (int(v) for v in box_of(mask))
    return {
        "id": number,
        "image_id": image_id,
        "category_id": PERSON,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "segmentation": encode(mask),
        "area": int(mask.sum()),
        "iscrowd": 0,
    }


def score_boxes(
    looker: Looker, photos: Iterable[Path], boxes: Mapping[str, Sequence[Sequence[float]]]
) -> dict[str, Any]:
    """How many boxed people taller than 80 px are found.

    Args:
        looker: the network.
        photos: with several people.
        boxes: photo's name → boxes x0, y0, x1, y1 in pixels. Each person found counts for one box.
    """
    hits, totals, counts = [], [], []
    for photo in photos:
        true = np.array(boxes[photo.name], float).reshape(-1, 4)
        true = true[true[:, 3] - true[:, 1] > TALL]
        people = looker.predict(read_frame(photo)).people
        found = np.array([p.box for p in people], float).reshape(-1, 4)
        hits.append(matches(box_iou(found, true), HIT))
        totals.append(len(true))
        counts.append(len(people))
    return {
        "pictures": len(totals),
        "boxes": sum(totals),
        "recall": sum(hits) / sum(totals) if sum(totals) else None,
        "found": sum(counts),
    }


def matches(overlap_DG: np.ndarray, least: float) -> int:
    """The largest number of pairs, each row and column used once, that overlap enough."""
    from scipy.optimize import linear_sum_assignment

    fits = overlap_DG >= least
    return int(fits[linear_sum_assignment(fits, maximize=True)].sum())


def score_clothes(looker: Looker, photos: Iterable[Path]) -> dict[str, Any]:
    """Outline of the one person whose clothes, skin and hair NAME_labels.png marks (> 0)."""
    best, together, counts = [], [], []
    for photo in photos:
        frame = read_frame(photo)
        truth = read_picture(photo.with_name(f"{photo.stem}_labels.png"), frame.size)[..., 0] > 0
        masks = masks_of(looker.predict(frame))
        best.append(max((iou(m, truth) for m in masks), default=0.0))
        together.append(iou(union(masks, truth.shape), truth))
        counts.append(len(masks))
    return {
        "pictures": len(best),
        "iou": _mean(best),
        "all_people_iou": _mean(together),
        "found_at_50": _mean([b >= HIT for b in best]),
        "people": _mean(counts),
    }


def score_joints(looker: Looker, photos: Iterable[Path], table: Path) -> dict[str, Any]:
    """Which parts stand at the marked joints of the one person in each photo.

    Returns:
        `on_person`: share of visible joints on the person who covers most of them; of those,
        `parts`: share on a part that meets the joint, `left_right`: share (knees, ankles, elbows,
        wrists) on the other side's part.
    """
    joints = read_joints(table)
    on, right, swapped, found = [], [], [], []
    for photo in photos:
        if photo.name not in joints:
            raise DataError(f"{table} has no row for {photo.name}; restore the table")
        marked = joints[photo.name]
        people = people_of(looker.predict(read_frame(photo)))
        parts = [_parts_at(p.iuv.part, p.mask, marked) for p in people]
        best = max(parts, key=lambda at: sum(p >= 0 for p in at.values()), default={})
        found.append(any(p >= 0 for p in best.values()))
        for joint in marked:
            part = best.get(joint, -1)
            on.append(part >= 0)
            if part > 0:
                right.append(part in JOINTS[joint])
                if joint[2:] in _SIDED:
                    swapped.append(int(PART_MIRROR[part]) in JOINTS[joint])
    return {
        "pictures": len(found),
        "found": _mean(found),
        "on_person": _mean(on),
        "parts": _mean(right),
        "left_right": _mean(swapped),
    }


def _parts_at(
    part: np.ndarray, mask: np.ndarray, joints: Mapping[str, np.ndarray]
) -> dict[str, int]:
    """Part at each joint: -1 off the person, 0 on the person but not on the body."""
    h, w = mask.shape
    at = {}
    for name, (x, y) in joints.items():
        inside = 0 <= x < w and 0 <= y < h
        at[name] = int(part[int(y), int(x)]) if inside and mask[int(y), int(x)] else -1
    return at


def read_joints(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """Visible joints by photo: (2,) x, y in pixels.

    Raises:
        DataError: not such a table.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {
                row["photo"]: {
                    name: np.array([float(row[f"{name}_x"]), float(row[f"{name}_y"])])
                    for name in JOINTS
                    if float(row[f"{name}_visible"]) > 0
                }
                for row in csv.DictReader(file)
            }
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is no table of joints; restore it") from error


def score_empty(looker: Looker, photos: Iterable[Path]) -> dict[str, Any]:
    """How often somebody is seen in photos without people."""
    haunted = [bool(looker.predict(read_frame(photo)).people) for photo in photos]
    return {"pictures": len(haunted), "false_person": _mean(haunted)}


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None
