"""Predictions and flows worked out by hand."""

from fractions import Fraction

import numpy as np
import torch

from ddp_video.types import LOGIT_CHANNELS, PARTS, Frame, Prediction

CLOSE = {"atol": 1e-4, "rtol": 1e-4}
BACKGROUND = torch.cat([torch.zeros(1), torch.full((PARTS - 1,), -20.0)])


def constant_flow(x: float, y: float, size: tuple[int, int]) -> torch.Tensor:
    return torch.tensor([float(x), float(y)]).view(2, 1, 1).expand(2, *size)


def nobody(size: tuple[int, int] = (12, 16)) -> Prediction:
    logits = torch.zeros(LOGIT_CHANNELS, *size)
    logits[:PARTS] = BACKGROUND[:, None, None]
    return Prediction(logits, torch.zeros(size), size=size)


def person(
    left: int, top: int = 3, side: int = 4, part: int = 2, u: float = 0.25, seed: int | None = None
) -> Prediction:
    """A square of one part with its own U; random everything inside where a seed is given."""
    prediction = nobody()
    logits, coverage = prediction.logits, prediction.coverage
    square = (slice(top, top + side), slice(left, left + side))
    logits[0][square], logits[part][square] = -10.0, 0.0
    logits[PARTS + part][square] = u
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        logits[:, *square] = torch.rand(LOGIT_CHANNELS, side, side, generator=generator)
    coverage[square] = 1
    return prediction


def noise(seed: int, size: tuple[int, int] = (9, 11)) -> Prediction:
    """A frame that is all people and all different: nothing can be skipped."""
    generator = torch.Generator().manual_seed(seed)
    return Prediction(torch.randn(LOGIT_CHANNELS, *size, generator=generator), torch.ones(size))


class Panning:
    """A flow engine that knows the camera's motion and remembers what it was asked."""

    def __init__(self, step: int = 0):
        self.step, self.asked = step, []

    def flows(self, window, centre, grid):
        self.asked.append((len(window), centre))
        offsets = [j - centre for j in range(len(window)) if j != centre]
        return {k: constant_flow(self.step * k, 0, grid) for k in offsets}

    def flows_back(self, window, centre, grid):
        offsets = [j - centre for j in range(len(window)) if j != centre]
        return {k: constant_flow(-self.step * k, 0, grid) for k in offsets}


def stream(predictions):
    for index, prediction in enumerate(predictions):
        image = np.full((12, 16, 3), index, np.uint8)
        yield Frame(image, index, index, Fraction(1, 25)), prediction
