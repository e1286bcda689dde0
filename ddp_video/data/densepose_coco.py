"""The one dataset format: DensePose-COCO annotations, and dense label pictures beside them.

A dataset is a folder with `annotations.json` in COCO's layout and pictures named relative to it.
A large one is a folder of such folders (shards), read as one. Two things are added to
DensePose-COCO (https://densepose.org, "Annotation format"), both optional:

- per image `iuv_file`, a lossless picture of the same size in OpenCV order I, 255·U, 255·V, where I
  is 0 background, 1..24 a part, and 255 a person's surface or belonging whose label is unknown;
- per annotation `ignore` (a region with people that are not labelled, like `iscrowd`) and `weight`.

Images may carry `source` and `split`. The same format holds photos with points, labels made by
teachers and rendered scenes.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..errors import DataError
from .annotations import ANNOTATIONS, check_annotation, check_image, read_shards, shards
from .segmentation import COARSE_OF_PART, DP_SIDE, decode, paste_coarse

UNKNOWN = 255  # in `instance`: people without labels; in `iuv` and `coarse`: surface without label
MAX_PEOPLE = UNKNOWN - 1

UNREAD = ("keypoints", "num_keypoints", "whole_bbox", "camera")  # not kept: half of the memory


@dataclass(frozen=True)
class Record:
    """One labelled picture. Coordinates are continuous: pixel i covers [i, i + 1).

    Attributes:
        image: (H, W, 3) uint8, RGB.
        boxes: (N, 4) float32, x0 y0 x1 y1 in pixels.
        instance: (H, W) uint8, 0 nobody, 1..N the person (of overlapping masks the smaller is on
            top), 255 a region with people that are not labelled.
        iuv: (H, W, 3) uint8 I, 255·U, 255·V (I: 0, 1..24, or 255 = unknown); None without dense
            labels.
        coarse: (H, W) uint8, 0 no body surface, 1..14 DensePose's coarse part, 255 not known. M_dp
            of person k is `coarse` in 1..14 where `instance` is k. From `iuv`, or from dp_masks.
        points: (P, 6) float32: x, y in pixels, I, U, V, person from 0. DensePose-COCO's clicked
            points.
        has_surface: (N,) bool, whether the person has dense labels or points (else only box and
            mask).
        weights: (N,) float32, how much the person counts in the losses.
        name: file name within the dataset.
        source: where the picture comes from; may be empty.
    """

    image: np.ndarray
    boxes: np.ndarray
    instance: np.ndarray
    iuv: np.ndarray | None
    coarse: np.ndarray
    points: np.ndarray
    has_surface: np.ndarray
    weights: np.ndarray
    name: str
    source: str = ""


class DensePoseDataset(Sequence[Record]):
    """Reads a dataset folder, or a DensePose-COCO JSON with its pictures elsewhere.

    Args:
        path: the folder, a folder of shards, or the JSON file.
        image_root: folder that `file_name` is relative to; the JSON's own folder if not given.
        split: keep only images whose `split` is this.

    Raises:
        DataError: the file is missing or breaks the format (checked at once, the pictures when
            read).
    """

    def __init__(
        self, path: str | Path, image_root: str | Path | None = None, split: str | None = None
    ) -> None:
        path = Path(path)
        sharded = path.is_dir() and not (path / ANNOTATIONS).exists() and bool(shards(path))
        self.path = path / ANNOTATIONS if path.is_dir() and not sharded else path
        self.folder = path if sharded else self.path.parent
        self.image_root = Path(image_root) if image_root is not None else self.folder
        self._of_image: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        self.images: list[dict[str, Any]] = []
        for content in read_shards(self.path):
            self._take(content, split)

    def _take(self, content: dict[str, Any], split: str | None) -> None:
        """Check one file's content and keep what records are made of."""
        people = {c["id"] for c in content.get("categories", []) if c.get("name") == "person"}
        for image in content["images"]:
            if split is None or image.get("split") == split:
                check_image(image, self.path.name)
                self.images.append(_without(image, UNREAD))
        for annotation in content["annotations"]:
            if not people or annotation.get("category_id", 1) in people:
                check_annotation(annotation, self.path.name)
                self._of_image[annotation["image_id"]].append(_without(annotation, UNREAD))

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.images)

    def __iter__(self) -> Iterator[Record]:
        """All records in order."""
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: int) -> Record:  # type: ignore[override]  # no slices
        """Read one record.

        Raises:
            DataError: a picture is missing, unreadable or of another size than the annotations say.
        """
        entry = self.images[index]
        name, size = entry["file_name"], (int(entry["height"]), int(entry["width"]))
        image = read_picture(self.image_root / name, size)[:, :, ::-1]
        iuv = self._read_iuv(entry, size)
        people, ignored = [], []
        for a in self._of_image.get(entry["id"], ()):
            (ignored if a.get("iscrowd") or a.get("ignore") else people).append(a)
        if len(people) > MAX_PEOPLE:
            raise DataError(f"{name}: more than {MAX_PEOPLE} people; split or drop the picture")
        instance = draw_instances(
            [_mask(a, size) for a in people], [_mask(a, size) for a in ignored], size
        )
        for annotation in people:  # a box without a mask: its pixels are nobody's for sure
            if not annotation.get("segmentation"):
                box = _box_mask(annotation["bbox"], size)
                instance[box & (instance == 0)] = UNKNOWN
        points = _points(people)
        return Record(
            image=np.ascontiguousarray(image),
            boxes=_boxes(people),
            instance=instance,
            iuv=iuv,
            coarse=_coarse(people, instance, iuv),
            points=points,
            has_surface=_has_surface(len(people), instance, iuv, points),
            weights=np.array([a.get("weight", 1.0) for a in people], np.float32),
            name=name,
            source=entry.get("source", ""),
        )

    def _read_iuv(self, entry: dict[str, Any], size: tuple[int, int]) -> np.ndarray | None:
        if not entry.get("iuv_file"):
            return None
        iuv = read_picture(self.folder / entry["iuv_file"], size)
        part = iuv[:, :, 0]
        if ((part > 24) & (part != UNKNOWN)).any():
            worst = int(part[(part > 24) & (part != UNKNOWN)][0])
            raise DataError(f"{entry['iuv_file']}: unknown part {worst}; use 0..24 or 255")
        return iuv


def _without(entry: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {k: v for k, v in entry.items() if k not in keys}


def read_picture(path: Path, size: tuple[int, int] | None = None) -> np.ndarray:
    """Read a colour picture in OpenCV's channel order.

    Args:
        path: the file.
        size: (H, W) it must have; None for any.

    Returns:
        (H, W, 3) uint8.

    Raises:
        DataError: missing, unreadable or of another size.
    """
    try:
        data = np.fromfile(os.fspath(path), np.uint8)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; restore the file") from error
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if picture is None:
        raise DataError(f"{path} is not a picture that OpenCV reads; restore the file")
    if size is not None and picture.shape[:2] != size:
        raise DataError(
            f"{path} is {picture.shape[1]}x{picture.shape[0]}, "
            f"the annotations say {size[1]}x{size[0]}; label it again"
        )
    return picture


def draw_instances(
    people: Sequence[np.ndarray], ignored: Sequence[np.ndarray], size: tuple[int, int]
) -> np.ndarray:
    """Draw masks into one id map: ignored regions lowest, then people from large to small.

    A smaller mask on a larger one is the usual case of somebody in front, or of a child held in the
    arms.

    Args:
        people: boolean masks (H, W); the first becomes id 1.
        ignored: masks of regions with people that are not labelled.
        size: (H, W).

    Returns:
        (H, W) uint8: 0 nobody, 1..N, 255 ignored.
    """
    instance = np.zeros(size, np.uint8)
    for mask in ignored:
        instance[mask] = UNKNOWN
    for k in sorted(range(len(people)), key=lambda k: -int(people[k].sum())):
        instance[people[k]] = k + 1
    return instance


def dp_points(annotation: dict[str, Any]) -> np.ndarray:
    """The clicked points of one DensePose-COCO annotation.

    dp_x and dp_y run from 0 to 256 over the box, as the format page says (its evaluator divides by
    255).

    Returns:
        (P, 5) float32: x, y in pixels of the picture, I, U, V.
    """
    if not annotation.get("dp_x"):
        return np.zeros((0, 5), np.float32)
    x, y, w, h = annotation["bbox"]
    fields = [np.asarray(annotation[f"dp_{k}"], np.float32) for k in "xyIUV"]
    return np.stack(
        [x + fields[0] / DP_SIDE * w, y + fields[1] / DP_SIDE * h, *fields[2:]], axis=1
    ).astype(np.float32)


def _points(people: list[dict[str, Any]]) -> np.ndarray:
    points = [np.zeros((0, 6), np.float32)]
    for k, annotation in enumerate(people):
        of_person = dp_points(annotation)
        points.append(np.pad(of_person, ((0, 0), (0, 1)), constant_values=k))
    return np.concatenate(points).astype(np.float32)


def _boxes(people: list[dict[str, Any]]) -> np.ndarray:
    boxes = np.array([a["bbox"] for a in people], np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def _box_mask(box_xywh: Sequence[float], size: tuple[int, int]) -> np.ndarray:
    x, y, w, h = box_xywh
    mask = np.zeros(size, bool)
    mask[max(0, round(y)) : max(0, round(y + h)), max(0, round(x)) : max(0, round(x + w))] = True
    return mask


def _mask(annotation: dict[str, Any], size: tuple[int, int]) -> np.ndarray:
    """The annotation's mask; without one, an ignored region fills its box and a person is empty."""
    if annotation.get("segmentation"):
        return decode(annotation["segmentation"], *size)
    if annotation.get("iscrowd") or annotation.get("ignore"):
        return _box_mask(annotation["bbox"], size)
    return np.zeros(size, bool)


def _coarse(
    people: list[dict[str, Any]], instance: np.ndarray, iuv: np.ndarray | None
) -> np.ndarray:
    """Coarse part of every pixel, 255 where nothing is known."""
    if iuv is not None:
        coarse = COARSE_OF_PART[iuv[:, :, 0]]
    else:
        coarse = np.where(instance > 0, UNKNOWN, 0).astype(np.uint8)
        for k, annotation in enumerate(people):
            if annotation.get("dp_masks"):
                pasted = paste_coarse(annotation["dp_masks"], annotation["bbox"], *instance.shape)
                own = (instance == k + 1) | ((instance == 0) & (pasted > 0))
                coarse[own] = pasted[own]
    coarse[instance == UNKNOWN] = UNKNOWN
    return coarse


def _has_surface(
    people: int, instance: np.ndarray, iuv: np.ndarray | None, points: np.ndarray
) -> np.ndarray:
    has = np.zeros(people, bool)
    has[points[:, 5].astype(int)] = True
    if iuv is not None:
        labelled = (iuv[:, :, 0] > 0) & (iuv[:, :, 0] != UNKNOWN)
        has |= np.bincount(instance[labelled], minlength=256)[1 : people + 1] > 0
    return has
