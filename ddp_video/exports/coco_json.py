"""DensePose results in COCO's form, for pycocotools and DensePose's own evaluator."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np

from ..atomic import folder_beside
from ..render import IUV, iuv_array
from ..types import Frame, Prediction
from .people import PersonLabels, people_of
from .target import Export, Target

PERSON = {"id": 1, "name": "person", "supercategory": "person"}


@contextmanager
def coco_json(target: Target) -> Iterator[Export]:
    """A folder of two files: `results.json`, what was found, and `images.json`, of which frames.

    `COCO("images.json").loadRes("results.json")` reads them. A frame without people has its entry
    among the images and none among the results.
    """
    images: list[dict[str, Any]] = []
    with (
        folder_beside(target.path) as folder,
        (folder / "results.json").open("w", encoding="utf-8") as results,
    ):

        def write(frame: Frame, prediction: Prediction) -> None:
            image = _image(target, frame)
            images.append(image)
            for person in people_of(prediction, frame.size):
                results.write("[\n" if results.tell() == 0 else ",\n")
                results.write(json.dumps(_result(person, image["id"])))

        yield write
        results.write("[]\n" if results.tell() == 0 else "\n]\n")
        known = {"images": images, "annotations": [], "categories": [PERSON]}
        (folder / "images.json").write_text(json.dumps(known, indent=1), encoding="utf-8")


def _image(target: Target, frame: Frame) -> dict[str, Any]:
    height, width = frame.size
    return {
        "id": target.number(frame),
        "file_name": target.file_name(frame),
        "height": height,
        "width": width,
        "time": float(frame.time),
    }


def _result(person: PersonLabels, image_id: int) -> dict[str, Any]:
    return {
        "image_id": image_id,
        "category_id": PERSON["id"],
        "bbox": list(person.box),
        "score": person.score,
        "track_id": person.number,
        "uv_shape": [3, *person.iuv.part.shape],
        "uv_data": encode_uv(person.iuv),
    }


def encode_uv(iuv: IUV) -> str:
    """Base64 of a PNG whose red, green and blue are I, 255·U and 255·V."""
    _, png = cv2.imencode(".png", np.ascontiguousarray(iuv_array(iuv)[..., ::-1]))
    return base64.b64encode(png.tobytes()).decode()


def decode_uv(uv_data: str) -> np.ndarray:
    """(3, h, w) uint8: I, 255·U, 255·V of a result's `uv_data`."""
    png = np.frombuffer(base64.b64decode(uv_data), np.uint8)
    bgr = cv2.imdecode(png, cv2.IMREAD_COLOR)
    assert bgr is not None
    return np.ascontiguousarray(bgr[..., ::-1].transpose(2, 0, 1))
