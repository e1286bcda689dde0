"""The outer form of an annotations file: read it, and say in one line what is wrong with it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError

ANNOTATIONS = "annotations.json"


def read_annotations(path: Path) -> dict[str, Any]:
    """Read annotations and check their outer form.

    Args:
        path: the file; or a folder of shards, each a dataset with its own file. They are read as
            one, with ids and file names that say the shard.

    Raises:
        DataError: no such file, not JSON, or no `images` and `annotations` lists.
    """
    if not path.is_dir():
        return _read_file(path)
    images, annotations, categories = [], [], []
    for content in read_shards(path):
        images += content["images"]
        annotations += content["annotations"]
        categories = content.get("categories", categories)
    return {"images": images, "annotations": annotations, "categories": categories}


def shards(folder: Path) -> list[Path]:
    """The annotation files of a folder's shards, in their order."""
    return sorted(folder.glob(f"*/{ANNOTATIONS}"))


def read_shards(path: Path) -> Iterator[dict[str, Any]]:
    """The contents of a folder's shards, ids counted through; or that of a single file.

    Raises:
        DataError: as `read_annotations`.
    """
    if not path.is_dir():
        yield _read_file(path)
        return
    files = shards(path)
    if not files:
        raise DataError(f"{path} has no {ANNOTATIONS}, nor folders that have one; give a dataset")
    images = annotations = 0
    for file in files:
        content = _read_file(file)
        _renamed(content, file.parent.name, images, annotations)
        images += len(content["images"])
        annotations += len(content["annotations"])
        yield content


def _renamed(content: dict[str, Any], shard: str, images: int, annotations: int) -> None:
    """Give a shard's entries ids beyond those before, and names with the shard's folder."""
    new = {}
    for number, image in enumerate(content["images"], images + 1):
        check_image(image, f"{shard}/{ANNOTATIONS}")
        new[image["id"]] = image["id"] = number
        for key in ("file_name", "iuv_file"):
            if image.get(key):
                image[key] = f"{shard}/{image[key]}"
    for number, annotation in enumerate(content["annotations"], annotations + 1):
        annotation["id"] = number
        annotation["image_id"] = new.get(annotation.get("image_id"))


def _read_file(path: Path) -> dict[str, Any]:
    """One annotations file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror}; give a dataset folder or its JSON file"
        ) from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON; give a dataset folder or its JSON file") from error
    if not isinstance(content, dict):
        content = {}
    if not (
        all(_are_entries(content.get(key)) for key in ("images", "annotations"))
        and _are_entries(content.get("categories", []))
    ):
        raise DataError(
            f"{path} has no lists 'images' and 'annotations'; it must be in COCO's layout"
        )
    return content


def _are_entries(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


def _are_numbers(value: object) -> bool:
    return (
        isinstance(value, list)
        and set(map(type, value)) <= {int, float}
        and bool(np.isfinite(value).all())
    )


def check_image(entry: dict[str, Any], where: str) -> None:
    """Check one image's entry.

    Raises:
        DataError: a field is missing or of another kind, or a name leaves the folder.
    """
    for key in ("id", "file_name", "height", "width"):
        if key not in entry:
            raise DataError(f"{where}: an image has no '{key}'; add it")
    for key in ("height", "width"):
        if not _are_numbers([entry[key]]) or entry[key] < 1:
            raise DataError(f"{where}: {key} {entry[key]!r} is no number of pixels; correct it")
    for key in ("file_name", "iuv_file"):
        name = entry.get(key)
        if name and not isinstance(name, str):
            raise DataError(f"{where}: {key} {name!r} is no name; use names relative to the folder")
        if name and (Path(name).is_absolute() or ".." in Path(name).parts):
            raise DataError(f"{where}: {key} '{name}' leaves the folder; use names relative to it")


def check_annotation(annotation: dict[str, Any], where: str) -> None:
    """Check one annotation.

    Raises:
        DataError: no image, a bad box, points that are no numbers, not equally many
            or of an unknown part.
    """
    box = annotation.get("bbox")
    who = f"{where}: annotation {annotation.get('id')}"
    if "image_id" not in annotation:
        raise DataError(f"{who} has no image_id; add it")
    if not (isinstance(box, list) and len(box) == 4 and _are_numbers(box)):
        raise DataError(f"{who} has no box; bbox is [x, y, width, height] in pixels")
    if box[2] <= 0 or box[3] <= 0:
        raise DataError(f"{who} has the empty box {box}; bbox is [x, y, width, height]")
    if annotation.get("dp_x"):
        points = [annotation.get(f"dp_{k}", ()) for k in "xyIUV"]
        if not all(map(_are_numbers, points)):
            raise DataError(f"{who}: dp_x, dp_y, dp_I, dp_U and dp_V are lists of numbers")
        if len(set(map(len, points))) != 1:
            raise DataError(f"{who}: dp_x, dp_y, dp_I, dp_U and dp_V differ in length")
        if not {int(i) for i in annotation["dp_I"]} <= set(range(1, 25)):
            raise DataError(f"{who}: dp_I has an unknown part; parts are 1..24")
