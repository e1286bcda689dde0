"""Contact sheets of a dataset: what was labelled, to be looked at."""

from pathlib import Path

import cv2
import numpy as np

from ..atomic import beside
from ..errors import DataError
from .densepose_coco import UNKNOWN, DensePoseDataset, Record

TILE = 240  # height of a picture on the sheet
WIDTH = 1800
PER_SHEET = 40
IGNORED = (255, 0, 255)
NO_LABEL = (160, 160, 160)


def part_colours() -> np.ndarray:
    """(256, 3) uint8 RGB: 24 hues far apart, grey for 255."""
    hues = np.arange(25) * 7 % 24 * 7
    hsv = np.stack([hues, np.where(np.arange(25) % 2, 255, 180), np.full(25, 245)], 1)
    colours = np.zeros((256, 3), np.uint8)
    colours[:25] = cv2.cvtColor(hsv[None].astype(np.uint8), cv2.COLOR_HSV2RGB)[0]
    colours[0], colours[UNKNOWN] = 0, NO_LABEL
    return colours


def draw(record: Record) -> np.ndarray:
    """The picture with part colours, outlines, boxes, and magenta where people are ignored."""
    image = record.image.astype(np.float32)
    if record.iuv is not None:
        part = record.iuv[:, :, 0]
        shown = part > 0
        image[shown] = 0.35 * image[shown] + 0.65 * part_colours()[part[shown]]
    ignored = record.instance == UNKNOWN
    image[ignored] = 0.5 * record.image[ignored] + 0.5 * np.array(IGNORED)
    out = image.astype(np.uint8)
    for k, box in enumerate(record.boxes):
        mask = (record.instance == k + 1).astype(np.uint8)
        outline, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(out, outline, -1, (255, 255, 255), 1)
        x0, y0, x1, y1 = (int(v) for v in box)
        colour = (255, 255, 0) if record.has_surface[k] else (255, 0, 0)
        cv2.rectangle(out, (x0, y0), (x1, y1), colour, 1)
    return out


def write_previews(folder: Path, limit: int = 200, plain: bool = False) -> list[Path]:
    """Write contact sheets of up to `limit` pictures, evenly chosen, to `folder/preview`.

    Args:
        folder: the dataset.
        limit: most pictures.
        plain: also write sheets of the pictures as they are.

    Returns:
        The sheets.

    Raises:
        DataError: the folder is no dataset, holds no pictures, or one cannot be read.
    """
    dataset = DensePoseDataset(folder)
    if not len(dataset):
        raise DataError(f"{folder} holds no pictures: name another dataset")
    target = folder / "preview"
    chosen = np.unique(np.linspace(0, len(dataset) - 1, min(limit, len(dataset))).astype(int))
    sheets = []
    for start in range(0, len(chosen), PER_SHEET):
        records = [dataset[int(i)] for i in chosen[start : start + PER_SHEET]]
        kinds = {"sheet": [draw(record) for record in records]}
        if plain:
            kinds["pictures"] = [record.image for record in records]
        for name, pictures in kinds.items():
            path = target / f"{name}_{start // PER_SHEET:02d}.jpg"
            sheet = _shelves([_tile(picture) for picture in pictures])
            target.mkdir(exist_ok=True)
            with beside(path) as part:
                part.write_bytes(cv2.imencode(".jpg", sheet[:, :, ::-1])[1].tobytes())
            sheets.append(path)
    return sheets


def _tile(image: np.ndarray) -> np.ndarray:
    width = min(WIDTH, max(1, round(image.shape[1] * TILE / image.shape[0])))
    return cv2.resize(image, (width, TILE), interpolation=cv2.INTER_AREA)


def _shelves(tiles: list[np.ndarray]) -> np.ndarray:
    """Tiles of one height set side by side in rows."""
    rows: list[list[np.ndarray]] = [[]]
    for tile in tiles:
        if rows[-1] and sum(t.shape[1] for t in rows[-1]) + tile.shape[1] > WIDTH:
            rows.append([])
        rows[-1].append(tile)
    joined = [np.hstack(row) for row in rows]
    return np.vstack([np.pad(r, ((0, 0), (0, WIDTH - r.shape[1]), (0, 0))) for r in joined])
