"""How steady predictions are along the motion, by measures that blur does not please.

Points are followed from frame to frame by the flow: the true one where a rendered clip brings it
along, else DIS, and then only where the way there and back returns. So what moves does not count
as change, and what is hidden does not count at all.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..flow import DisFlow
from ..measure import Steadiness, SteadinessResult
from ..render import IUV, draw, labels
from ..settings import RenderSettings
from ..types import Prediction
from .agreement import compare
from .boundary import boundary_distance
from .flow_errors import consistent

DEFINITIONS = {
    "flips": "share of points followed along the flow, on a body in both frames, whose part "
    "changes; mean over pairs of frames",
    "uv_change": "mean change of U and V (0..1) of points followed along the flow that keep their "
    "part",
    "iuv_change": "of points followed along the flow, on a body in either frame: 1 where part or "
    "background changes, else the change of U and V",
    "flow_difference": "mean squared difference, in pixels², between the flow of the video and the "
    "flow of its IUV pictures, where people are in either frame",
    "uv_error": "mean difference of U and V (0..1) from the truth, where the part is right",
    "part_error": "share of true body points, seen as body, with another part",
    "iuv_error": "where there are people in truth or prediction: 1 where part or background is "
    "wrong, else the difference of U and V",
    "boundary_error": "mean distance in pixels between the outlines of all people, both ways, no "
    "distance above 16",
    "iou": "intersection over union of all people and the truth",
}
IUV_PICTURE = RenderSettings(view="iuv")
ON_BLACK = RenderSettings(background="black")


class Followed(NamedTuple):
    """Points of one frame and where they are in another: flat positions of pixels."""

    here: np.ndarray
    there: np.ndarray


@dataclass(frozen=True)
class _Seen:
    image: np.ndarray
    iuv: IUV
    picture: np.ndarray


class SteadyScore:
    """Gathers the figures frame by frame, holding two frames."""

    def __init__(self) -> None:
        """Begin before the first frame."""
        self._meter = Steadiness()
        self._values: dict[str, list[float]] = defaultdict(list)
        self._last: _Seen | None = None
        self._flow, self._iuv_flow = DisFlow(), DisFlow()

    def add(
        self,
        image: np.ndarray,
        prediction: Prediction,
        truth: np.ndarray | None = None,
        flow: np.ndarray | None = None,
    ) -> None:
        """Take the next frame.

        Args:
            image: (H, W, 3) uint8 RGB.
            prediction: of it.
            truth: (H, W, 3) uint8 I, 255·U, 255·V; None where not known.
            flow: (h, w, 2) true flow from the frame before to this one, in pixels of the video,
                at every n-th pixel; NaN where hidden; None where not known.
        """
        iuv = labels(prediction, (image.shape[0], image.shape[1]))
        now, last = _Seen(image, iuv, draw(iuv, None, IUV_PICTURE)), self._last
        self._last = now
        self._meter.add(draw(iuv, None, ON_BLACK))
        if last is not None:
            self._pair(last, now, flow)
        if truth is not None and (truth[..., 0] > 0).any():
            self._note(against_truth(iuv, truth))

    def _pair(self, last: _Seen, now: _Seen, flow: np.ndarray | None) -> None:
        size = now.iuv.part.shape
        window, back = [last.image, now.image], None
        if flow is None:
            flow, back = _between(self._flow, window, (0, 1)), _between(self._flow, window, (1, 0))
        self._note(changes(last.iuv, now.iuv, followed(flow, back, size)))
        people = (last.iuv.part > 0) | (now.iuv.part > 0)
        if people.any():
            seen = flow if back is not None else _between(self._flow, window, (0, 1))
            drawn = _between(self._iuv_flow, [last.picture, now.picture], (0, 1))
            difference = np.square(seen - drawn).sum(-1)
            self._note({"flow_difference": float(difference[people].mean())})

    def _note(self, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            if np.isfinite(value):
                self._values[name].append(value)

    def steadiness(self) -> SteadinessResult:
        """ITF and ISI of the isocontours on black."""
        return self._meter.result()

    def figures(self) -> dict[str, float]:
        """Means of everything that was known, named as in `DEFINITIONS`."""
        return {
            name: float(np.mean(self._values[name])) for name in DEFINITIONS if name in self._values
        }


def changes(before: IUV, after: IUV, points: Followed) -> dict[str, float]:
    """How labels change at points that are followed; nan where there are none."""
    (one, *uv_one), (two, *uv_two) = (
        [values.reshape(-1)[at] for values in (iuv.part, iuv.u, iuv.v)]
        for iuv, at in ((before, points.here), (after, points.there))
    )
    both, either, same = (one > 0) & (two > 0), (one > 0) | (two > 0), one == two
    apart = np.mean([np.abs(a - b) for a, b in zip(uv_one, uv_two, strict=True)], axis=0)
    return {
        "flips": _mean(~same[both]),
        "uv_change": _mean(apart[both & same]),
        "iuv_change": _mean(np.where(same, apart, 1)[either]),
    }


def against_truth(iuv: IUV, truth: np.ndarray) -> dict[str, float]:
    """How far labels are from the truth; nan where there is nothing to compare."""
    row = compare(iuv, truth)
    there, found = truth[..., 0] > 0, iuv.part > 0
    apart = (np.abs(iuv.u - truth[..., 1] / 255) + np.abs(iuv.v - truth[..., 2] / 255)) / 2
    wrong = iuv.part != truth[..., 0]
    return {
        "uv_error": row["uv"],
        "part_error": 1 - row["parts"],
        "iuv_error": _mean(np.where(wrong, 1, apart)[there | found]),
        "boundary_error": boundary_distance(found, there),
        "iou": row["iou"],
    }


def followed(flow: np.ndarray, back: np.ndarray | None, size: tuple[int, ...]) -> Followed:
    """Pixels of one frame with the pixels that a flow leads to, those that are seen in both.

    Args:
        flow: (h, w, 2) in pixels of the picture, at every n-th pixel; NaN where hidden.
        back: the flow of the other direction, to tell what is hidden; None: NaN tells.
        size: (H, W) of the pictures.
    """
    every = round(size[0] / flow.shape[0])
    seen = np.isfinite(flow[..., 0]) if back is None else consistent(flow, back)
    y, x = (places * every for places in np.nonzero(seen))
    there = np.rint(flow[seen]).astype(int) + np.stack([x, y], 1)
    inside = ((there >= 0) & (there < size[::-1])).all(1) & (y < size[0]) & (x < size[1])
    return Followed((y * size[1] + x)[inside], (there @ (1, size[1]))[inside])


def _between(engine: DisFlow, window: list[np.ndarray], way: tuple[int, int]) -> np.ndarray:
    """(H, W, 2) flow from one of two pictures to the other."""
    here, there = way
    flow = engine.flows(window, here, window[0].shape[:2])[there - here]
    return np.ascontiguousarray(flow.permute(1, 2, 0).numpy())


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")
