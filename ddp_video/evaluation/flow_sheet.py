"""Flow as colours: the frame, the truth where known, and each engine, side by side."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import torch
from torchvision.utils import flow_to_image

from ..encode.picture import write_picture
from ..types import FlowEstimator
from .flow import FlowClip, flow_between

FRAMES = 5
WIDTH = 320  # pixels of a picture
TEXT = 20  # pixels high


def write_flow_sheet(
    engines: Mapping[str, FlowEstimator], clip: FlowClip, path: Path, frames: int = FRAMES
) -> None:
    """Write a picture with a row for each of some frames: the colour wheel of Baker et al. (2011).

    Colours are alike along a row: full colour is its fastest motion. White does not move, black is
    not known.

    Raises:
        OutputError: it cannot be written.
    """
    last = len(clip.images) - 1
    chosen = np.linspace(0, last - 1, min(frames, last)).round().astype(int).tolist()
    rows = [_row(engines, clip, t) for t in chosen]
    names = ["frame", *(["truth"] if clip.flow is not None else []), *engines]
    write_picture(path, np.concatenate([_heading(names), *rows]), overwrite=True)


def _row(engines: Mapping[str, FlowEstimator], clip: FlowClip, t: int) -> np.ndarray:
    here, there = clip.images[t], clip.images[t + 1]
    flows = [flow_between(engine, here, there) for engine in engines.values()]
    if clip.flow is not None:
        repeated = clip.flow[t].repeat(clip.every, 0).repeat(clip.every, 1)
        flows.insert(0, repeated[: here.shape[0], : here.shape[1]])
    together = np.concatenate(flows, 1)
    known = np.isfinite(together[..., :1])
    wheel = flow_to_image(torch.from_numpy(np.nan_to_num(together)).permute(2, 0, 1))
    coloured = wheel.permute(1, 2, 0).numpy() * known
    wide = np.concatenate([here, coloured], 1)
    height = round(WIDTH * here.shape[0] / here.shape[1])
    return cv2.resize(wide, (WIDTH * (len(flows) + 1), height), interpolation=cv2.INTER_AREA)


def _heading(names: list[str]) -> np.ndarray:
    out = np.full((TEXT, WIDTH * len(names), 3), 255, np.uint8)
    for k, name in enumerate(names):
        plain = name.replace("ä", "ae")  # OpenCV's font is ASCII
        at = (k * WIDTH + 4, TEXT - 6)
        cv2.putText(out, plain, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return out
