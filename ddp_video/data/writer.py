"""Writes the one dataset format, picture by picture, so that a stopped job can go on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..atomic import beside
from ..errors import DataError, OutputError, ShapeError
from .annotations import ANNOTATIONS, read_annotations
from .densepose_coco import UNKNOWN, read_picture
from .segmentation import DP_SIDE, encode

JOURNAL = "annotations.journal.jsonl"
LOSSLESS = {
    ".webp": [cv2.IMWRITE_WEBP_QUALITY, 101],  # above 100 is lossless
    # runs suit labels: as small as level 4 and a quarter faster
    ".png": [
        cv2.IMWRITE_PNG_COMPRESSION,
        3,
        cv2.IMWRITE_PNG_STRATEGY,
        cv2.IMWRITE_PNG_STRATEGY_RLE,
    ],
}


@dataclass(frozen=True)
class PersonLabel:
    """One person, or one region with people that are not labelled.

    Attributes:
        mask: (H, W) bool, the visible instance: hair, clothes and all.
        box: x0, y0, x1, y1 in pixels; the mask's own box if None.
        ignore: True for a region whose people are not labelled.
        weight: how much it counts in the losses.
        points: (P, 5) x, y in pixels, I, U, V, as DensePose-COCO's annotators clicked them.
        joints: (17, 3) COCO's joints: x, y in pixels, and 0 outside the picture, 1 hidden, 2 seen.
        whole: x0, y0, x1, y1 of the whole person, what is hidden or outside included.
    """

    mask: np.ndarray
    box: tuple[float, float, float, float] | None = None
    ignore: bool = False
    weight: float = 1.0
    points: np.ndarray | None = None
    joints: np.ndarray | None = None
    whole: tuple[float, float, float, float] | None = None


class DatasetWriter:
    """Fills a dataset folder, picture by picture.

    Each picture goes to a journal at once; `close` writes `annotations.json`. Opening a folder that
    has entries goes on where they end: `has` tells what is done, `add` skips it.

    Args:
        folder: the dataset; made if absent.
        iuv_suffix: ".webp" (small) or ".png" (faster), both lossless.

    Raises:
        OutputError: the folder cannot be written.
        DataError: the folder holds damaged annotations.
    """

    def __init__(self, folder: str | Path, iuv_suffix: str = ".webp") -> None:
        self.folder = Path(folder)
        self.iuv_suffix = iuv_suffix
        self._entries: dict[str, dict[str, Any]] = {}
        try:
            for name in ("images", "iuv"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            if (self.folder / ANNOTATIONS).exists():
                self._take_annotations(read_annotations(self.folder / ANNOTATIONS))
            if (self.folder / JOURNAL).exists():
                self._take_journal()
        except OSError as error:
            raise OutputError(
                f"cannot write {self.folder}: {error.strerror}; choose another folder"
            ) from error

    def __enter__(self) -> "DatasetWriter":
        """Use as a context: what is written stays, also after an error."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def __len__(self) -> int:
        """Number of pictures so far (skipped ones included)."""
        return len(self._entries)

    def has(self, key: str) -> bool:
        """Whether this key was added or skipped before."""
        return key in self._entries

    def skip(self, key: str, reason: str) -> None:
        """Note that a picture was looked at and left out, so that it is not tried again."""
        self._note({"key": key, "skipped": reason})

    def add(
        self,
        image: str | Path | np.ndarray,
        people: Sequence[PersonLabel],
        iuv: np.ndarray | None = None,
        *,
        key: str | None = None,
        source: str = "",
        split: str = "train",
        facts: dict[str, Any] | None = None,
    ) -> bool:
        """Add one picture with its labels.

        Args:
            image: a picture file (copied as it is) or (H, W, 3) uint8 RGB (stored as JPEG, quality
                95).
            people: persons and ignored regions; may be empty (a picture without people).
            iuv: (H, W, 3) uint8 I, 255·U, 255·V, I in 0..24 or 255; None without dense labels.
            key: unique name without suffix; the file's stem if not given (needed for arrays).
            source: where the picture comes from.
            split: free word by which a reader can choose.
            facts: more to note about the picture, as JSON has it.

        Returns:
            False if the key was there already (nothing is written).

        Raises:
            ShapeError: arrays of another size than the picture.
            DataError: a part outside 0..24 and 255, an empty mask, or an unreadable picture.
            OutputError: cannot write.
        """
        if key is None:
            if isinstance(image, np.ndarray):
                raise ShapeError("an array needs a key to be stored under")
            key = Path(image).stem
        if self.has(key):
            return False
        suffix, data, size = _picture(image)
        entry: dict[str, Any] = {
            "file_name": f"images/{key}{suffix}", "height": size[0], "width": size[1],
            "source": source, "split": split, **(facts or {}),
        }  # fmt: skip
        annotations = [_annotation(person, size) for person in people]
        self._write(entry["file_name"], data)
        if iuv is not None:
            entry["iuv_file"] = f"iuv/{key}{self.iuv_suffix}"
            self._write(entry["iuv_file"], _iuv(iuv, size, self.iuv_suffix))
        self._note({"key": key, "image": entry, "annotations": annotations})
        return True

    def close(self) -> Path:
        """Write `annotations.json` whole, then drop the journal.

        Returns:
            The path of `annotations.json`.
        """
        images, annotations, skipped = [], [], {}
        for key, item in self._entries.items():
            if "skipped" in item:
                skipped[key] = item["skipped"]
                continue
            images.append({"id": len(images) + 1, "key": key, **item["image"]})
            for a in item["annotations"]:
                number = len(annotations) + 1
                annotations.append({"id": number, "image_id": len(images), "category_id": 1, **a})
        content = {
            "info": {"description": "DensePose labels (ddp-video)"},
            "categories": [{"id": 1, "name": "person"}],
            "images": images,
            "annotations": annotations,
            "skipped": skipped,
        }
        self._write(ANNOTATIONS, json.dumps(content).encode("utf-8"))
        (self.folder / JOURNAL).unlink(missing_ok=True)
        return self.folder / ANNOTATIONS

    def _take_annotations(self, content: dict[str, Any]) -> None:
        for key, reason in content.get("skipped", {}).items():
            self._entries[key] = {"key": key, "skipped": reason}
        own = ("id", "image_id", "category_id", "key")
        of_image: dict[Any, list[dict[str, Any]]] = {}
        for a in content["annotations"]:
            kept = {k: v for k, v in a.items() if k not in own}
            of_image.setdefault(a["image_id"], []).append(kept)
        for image in content["images"]:
            key = image.get("key", Path(image["file_name"]).stem)
            entry = {k: v for k, v in image.items() if k not in own}
            self._entries[key] = {
                "key": key, "image": entry, "annotations": of_image.get(image["id"], []),
            }  # fmt: skip

    def _take_journal(self) -> None:
        for line in (self.folder / JOURNAL).read_text(encoding="utf-8").splitlines():
            try:
                item = json.loads(line)
            except ValueError:  # empty, or the last line of a job that was cut off
                continue
            self._entries[item["key"]] = item

    def _note(self, item: dict[str, Any]) -> None:
        self._entries[item["key"]] = item
        try:  # a line of its own even after one that was cut off
            with (self.folder / JOURNAL).open("a", encoding="utf-8") as journal:
                journal.write("\n" + json.dumps(item) + "\n")
        except OSError as error:
            raise OutputError(
                f"cannot write {self.folder}: {error.strerror}; free space?"
            ) from error

    def _write(self, name: str, data: bytes) -> None:
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside(path) as part:
                part.write_bytes(data)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}; free space?") from error


def _picture(image: str | Path | np.ndarray) -> tuple[str, bytes, tuple[int, int]]:
    """Suffix, file content and (H, W)."""
    if isinstance(image, np.ndarray):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ShapeError(f"a picture is (H, W, 3) uint8, not {image.shape} {image.dtype}")
        quality = [cv2.IMWRITE_JPEG_QUALITY, 95]
        data = cv2.imencode(".jpg", image[:, :, ::-1], quality)[1].tobytes()
        return ".jpg", data, (image.shape[0], image.shape[1])
    path = Path(image)
    height, width = read_picture(path).shape[:2]
    return path.suffix.lower(), path.read_bytes(), (height, width)


def _iuv(iuv: np.ndarray, size: tuple[int, int], suffix: str) -> bytes:
    if iuv.shape != (*size, 3) or iuv.dtype != np.uint8:
        raise ShapeError(f"iuv is {(*size, 3)} uint8, not {iuv.shape} {iuv.dtype}")
    part = iuv[:, :, 0]
    if ((part > 24) & (part != UNKNOWN)).any():
        raise DataError("iuv has an unknown part; use 0..24, or 255 where the label is not known")
    return cv2.imencode(suffix, iuv, LOSSLESS[suffix])[1].tobytes()


def _annotation(person: PersonLabel, size: tuple[int, int]) -> dict[str, Any]:
    if person.mask.shape != size:
        raise ShapeError(f"a mask is {size}, not {person.mask.shape}")
    mask = person.mask.astype(bool)
    area = int(mask.sum())
    if not area and person.box is None:
        raise DataError("a person needs a mask with at least one pixel, or a box")
    box = person.box or _box_of(mask)
    annotation: dict[str, Any] = {
        "bbox": [round(float(v), 2) for v in (box[0], box[1], box[2] - box[0], box[3] - box[1])],
        "segmentation": encode(mask) if area else [],
        "area": area,
        "iscrowd": int(person.ignore),
    }
    if person.ignore:
        annotation["ignore"] = 1
    if person.weight != 1.0:
        annotation["weight"] = round(float(person.weight), 4)
    if person.points is not None and len(person.points):
        annotation |= _clicked(person.points, annotation["bbox"])
    if person.joints is not None:
        annotation["keypoints"] = [round(float(v), 1) for v in person.joints.ravel()]
        annotation["num_keypoints"] = int((person.joints[:, 2] > 0).sum())
    if person.whole is not None:
        x0, y0, x1, y1 = person.whole
        annotation["whole_bbox"] = [round(float(v), 1) for v in (x0, y0, x1 - x0, y1 - y0)]
    return annotation


def _clicked(points: np.ndarray, box: list[float]) -> dict[str, list[float]]:
    """Points in DensePose-COCO's fields: positions in 256ths of the box."""
    x, y, w, h = box
    cells = (points[:, :2] - (x, y)) / (w, h) * DP_SIDE
    columns = np.column_stack([cells, points[:, 2:]]).T
    return {
        f"dp_{k}": [round(float(v), 4) for v in column]
        for k, column in zip("xyIUV", columns, strict=True)
    }


def _box_of(mask: np.ndarray) -> tuple[float, float, float, float]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
