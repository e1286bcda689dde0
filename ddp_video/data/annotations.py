"""The outer form of an annotations file: read it, and say in one line what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError

ANNOTATIONS = "annotations.json"


def read_annotations(path: Path) -> dict[str, Any]:
    """Read annotations and check their outer form.

    Raises:
        DataError: no such file, not JSON, or no `images` and `annotations` lists.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror}; give a dataset folder or its JSON file"
        ) from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON; give a dataset folder or its JSON file") from error
    lists = isinstance(content, dict) and all(
        isinstance(content.get(k), list) for k in ("images", "annotations")
    )
    if not lists:
        raise DataError(
            f"{path} has no lists 'images' and 'annotations'; it must be in COCO's layout"
        )
    return content


def check_image(entry: dict[str, Any], where: str) -> None:
    """Check one image's entry.

    Raises:
        DataError: a field is missing, or a name leaves the folder.
    """
    for key in ("id", "file_name", "height", "width"):
        if key not in entry:
            raise DataError(f"{where}: an image has no '{key}'; add it")
    for key in ("file_name", "iuv_file"):
        name = entry.get(key)
        if name and (Path(name).is_absolute() or ".." in Path(name).parts):
            raise DataError(f"{where}: {key} '{name}' leaves the folder; use names relative to it")


def check_annotation(annotation: dict[str, Any], where: str) -> None:
    """Check one annotation.

    Raises:
        DataError: no image, a bad box, points of unequal length or of an unknown part.
    """
    box = annotation.get("bbox")
    who = f"{where}: annotation {annotation.get('id')}"
    if "image_id" not in annotation:
        raise DataError(f"{who} has no image_id; add it")
    if not (isinstance(box, list) and len(box) == 4 and np.isfinite(box).all()):
        raise DataError(f"{who} has no box; bbox is [x, y, width, height] in pixels")
    if box[2] <= 0 or box[3] <= 0:
        raise DataError(f"{who} has the empty box {box}; bbox is [x, y, width, height]")
    if annotation.get("dp_x"):
        if len({len(annotation.get(f"dp_{k}", ())) for k in "xyIUV"}) != 1:
            raise DataError(f"{who}: dp_x, dp_y, dp_I, dp_U and dp_V differ in length")
        if not {int(i) for i in annotation["dp_I"]} <= set(range(1, 25)):
            raise DataError(f"{who}: dp_I has an unknown part; parts are 1..24")
