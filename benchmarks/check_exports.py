"""Every export preset on real predictions: decode what was written and compare the labels.

    python benchmarks/check_exports.py clip.ddp other.ddp

Prints a row for each preset and store: frames read and written, and the share of pixels whose part
is another one than predicted, of all and of those more than four pixels from an outline.
"""

import argparse
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from ddp_video import Prediction, open_predictions
from ddp_video.cli.exporting import Exports
from ddp_video.exports import FORMATS, read_dump
from ddp_video.exports.coco_json import decode_uv
from ddp_video.exports.colours import PARULA_ON_BLACK, VIRIDIS, fitted_labels, nearest_parts
from ddp_video.exports.viton_hd import SIZE
from ddp_video.pipeline import Engines, RunSettings, deliver
from ddp_video.render import labels
from ddp_video.settings import Preset

COLOURS = {
    **dict.fromkeys(("magicanimate", "controlnet-seg"), VIRIDIS),
    **dict.fromkeys(("controlnet-parula", "viton-hd", "idm-vton"), PARULA_ON_BLACK),
}
NO_LABELS = {"texture", "retexture"}


def decoded(preset: Preset, output: Path, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """The parts of each frame, (H, W); of `dreampose` where anybody is."""
    if output.is_file():
        with av.open(output) as video:
            pictures = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
        yield from (
            nearest_parts(each, COLOURS[preset]) if preset in COLOURS else each[..., 2]
            for each in pictures
        )
    elif preset == "coco-json":
        yield from pasted(coco_people(output), size)
    elif preset == "detectron2":
        yield from pasted(
            ((list(zip(entry["pred_boxes_XYXY"][:, :2].int().tolist(),
                       (each.labels.numpy() for each in entry["pred_densepose"]), strict=True)))
             for entry in read_dump(output)), size)  # fmt: skip
    else:
        for path in sorted(output.iterdir(), key=number):
            yield of_file(preset, path)


def number(path: Path) -> int:
    """The first number in a file's name."""
    found = re.search(r"\d+", path.name)
    return int(found[0]) if found else 0


def of_file(preset: Preset, path: Path) -> np.ndarray:
    """The parts of one frame's file."""
    if path.suffix == ".npz":
        return np.load(path)["part"]
    if path.suffix == ".npy":
        return np.load(path).any(axis=0).astype(np.uint8)
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if preset in COLOURS:
        return nearest_parts(picture[..., ::-1], COLOURS[preset])
    return picture if picture.ndim == 2 else picture[..., 0]


def coco_people(folder: Path) -> Iterator[list]:
    """Corners and parts of everybody, frame by frame."""
    results = json.loads((folder / "results.json").read_text())
    for image in json.loads((folder / "images.json").read_text())["images"]:
        mine = [each for each in results if each["image_id"] == image["id"]]
        yield [(each["bbox"][:2], decode_uv(each["uv_data"])[0]) for each in mine]


def pasted(frames: Iterator[list], size: tuple[int, int]) -> Iterator[np.ndarray]:
    """People laid into their frame again."""
    for people in frames:
        whole = np.zeros(size, np.uint8)
        for (x, y), part in people:
            place = whole[y : y + part.shape[0], x : x + part.shape[1]]
            place[part > 0] = part[part > 0]
        yield whole


def expected(preset: Preset, prediction: Prediction) -> np.ndarray:
    """What should come back."""
    size = prediction.size
    if preset == "magicanimate":
        return fitted_labels(prediction, (512, 512)).part
    if preset in ("viton-hd", "idm-vton"):
        return labels(prediction, SIZE).part
    if preset == "dreampose":
        iuv = labels(prediction)
        return ((iuv.u > 0) | (iuv.v > 0)).astype(np.uint8)
    if preset in ("coco-json", "detectron2"):
        whole = np.zeros(size, np.uint8)
        for number in range(len(prediction.people)):
            part = labels(prediction.of_person(number), size).part
            whole[part > 0] = part[part > 0]
        return whole
    return labels(prediction).part


def wrong(found: np.ndarray, part: np.ndarray) -> tuple[float, float]:
    """Share of wrong pixels, and of wrong ones away from outlines."""
    kernel = np.ones((9, 9), np.uint8)
    inner = cv2.dilate(part, kernel) == cv2.erode(part, kernel)
    return float((found != part).mean()), float((found != part)[inner].mean())


def main() -> None:
    """Look at every store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stores", nargs="+", type=Path)
    engines = Engines(None, None, {})
    print(f"{'store':20} {'preset':18} {'in':>4} {'out':>4} {'empty':>5} {'wrong':>9} {'inner':>9}")
    for path in parser.parse_args().stores:
        stored = open_predictions(path)
        predictions = [each.prediction() for each in stored]
        for preset in (each for each in FORMATS if each not in NO_LABELS):
            with tempfile.TemporaryDirectory() as folder:
                exports = Exports(preset, Path(folder), overwrite=False)
                deliver(path, exports, engines, RunSettings(radii=(0,)))
                parts = list(decoded(preset, exports.written[path], stored.size))
            rates = [wrong(p, expected(preset, e)) for p, e in zip(parts, predictions, strict=True)]
            everywhere, inner = np.mean(rates, axis=0)
            empty = sum(not part.any() for part in parts)
            row = f"{path.name:20} {preset:18} {len(stored):4} {len(parts):4} {empty:5}"
            print(f"{row} {everywhere:9.6f} {inner:9.6f}", flush=True)


if __name__ == "__main__":
    main()
