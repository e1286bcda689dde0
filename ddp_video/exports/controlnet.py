"""Condition pictures for the DensePose models of ControlNet."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..encode import write_picture
from ..render import labels
from .colours import PARULA_ON_BLACK, VIRIDIS
from .target import Export, Target


@contextmanager
def controlnet_seg(target: Target) -> Iterator[Export]:
    """Viridis on purple: what the preprocessor `densepose (pruple bg & purple torso)` makes."""
    with _painted(target, VIRIDIS) as export:
        yield export


@contextmanager
def controlnet_parula(target: Target) -> Iterator[Export]:
    """Parula on black: what the preprocessor `densepose_parula (black bg & blue torso)` makes."""
    with _painted(target, PARULA_ON_BLACK) as export:
        yield export


@contextmanager
def _painted(target: Target, colours: np.ndarray) -> Iterator[Export]:
    with target.frames(".png") as place:
        yield lambda frame, prediction: write_picture(
            place(frame), colours[labels(prediction, frame.size).part]
        )
