"""Frames and their predictions stream through a window of 2r+1 frames and come out smoothed."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from torch import Tensor

from ..errors import InputError
from ..settings import MAX_RADIUS, SmoothSettings
from ..types import Frame, Prediction, TwoWayFlow
from .average import temporal_average
from .robust import Look, View, look, robust_average, view

T = TypeVar("T")
_DEFAULT = SmoothSettings()


class Smoothed(NamedTuple):
    """One frame behind the window.

    Attributes:
        frame: the frame.
        unsmoothed: its prediction as inferred.
        smoothed: the smoothed prediction by radius.
    """

    frame: Frame
    unsmoothed: Prediction
    smoothed: dict[int, Prediction]


class _Item(NamedTuple):
    """A frame of the window; the paper's method needs no view of it."""

    frame: Frame
    prediction: Prediction
    view: View | None


def smooth(
    predictions: Iterable[tuple[Frame, Prediction]],
    estimator: TwoWayFlow | None,
    radii: Sequence[int],
    settings: SmoothSettings = _DEFAULT,
) -> Iterator[Smoothed]:
    """Smooth a stream of predictions, holding at most 2r+1 frames.

    Args:
        predictions: frames and their predictions in order of time, all on one grid.
        estimator: the flow engine; not needed where every radius is 0.
        radii: the neighbours on each side, 0..5; the flow is computed once for the largest.
        settings: how neighbours are averaged; `radii` stand in for its radius.

    Returns:
        An iterator over the same frames in the same order. Radius 0 gives the prediction as it is.

    Raises:
        InputError: a radius out of bounds, none given, or no estimator for a radius above 0;
            raised at the call, not at the first frame.
        ShapeError: frames or grids of different sizes.
    """
    if not radii or any(not 0 <= radius <= MAX_RADIUS for radius in radii):
        given = ", ".join(map(str, radii)) or "none"
        raise InputError(f"a smoothing radius is 0..{MAX_RADIUS}, not {given}; give --radius 2")
    if max(radii) and estimator is None:
        raise InputError("smoothing needs an optical flow; give one, or --radius 0")
    return _slide(predictions, estimator if max(radii) else None, tuple(radii), settings)


def _slide(
    predictions: Iterable[tuple[Frame, Prediction]],
    estimator: TwoWayFlow | None,
    radii: tuple[int, ...],
    settings: SmoothSettings,
) -> Iterator[Smoothed]:
    """Emit each frame as soon as its last neighbour is there, or the clip has ended."""
    reach = max(radii)
    window: deque[_Item] = deque()
    centre = 0
    doubting = estimator is not None and settings.method == "robust"

    def emit() -> Smoothed:
        nonlocal centre
        smoothed = _smooth_one(window, centre, estimator, radii, settings)
        if centre == reach:
            window.popleft()
        else:
            centre += 1
        return smoothed

    for frame, prediction in predictions:
        window.append(_Item(frame, prediction, view(frame.image, prediction) if doubting else None))
        if centre + reach < len(window):
            yield emit()
    while centre < len(window):
        yield emit()


def _smooth_one(
    window: Sequence[_Item],
    centre: int,
    estimator: TwoWayFlow | None,
    radii: tuple[int, ...],
    settings: SmoothSettings,
) -> Smoothed:
    frame, present, here = window[centre]
    if estimator is None or len(window) == 1:
        return Smoothed(frame, present, dict.fromkeys(radii, present))
    grid = (present.coverage.shape[0], present.coverage.shape[1])
    images = [item.frame.image for item in window]
    flows = estimator.flows(images, centre, grid)
    if here is None:
        near = {k: window[centre + k].prediction for k in flows}
        return Smoothed(
            frame, present, {r: temporal_average(present, _within(near, r), flows) for r in radii}
        )
    backs = estimator.flows_back(images, centre, grid)
    looks = _looks(here, {k: window[centre + k].view for k in flows}, flows, backs, settings)
    smoothed = {r: robust_average(here, _within(looks, r), settings) for r in radii}
    return Smoothed(frame, present, smoothed)


def _looks(
    here: View,
    views: dict[int, View | None],
    flows: dict[int, Tensor],
    backs: dict[int, Tensor],
    settings: SmoothSettings,
) -> dict[int, Look]:
    """The neighbours on this side of a cut."""
    looks = {}
    for k, there in views.items():
        if there is not None and (seen := look(here, there, flows[k], backs[k], settings)):
            looks[k] = seen
    return looks


def _within(by_offset: dict[int, T], radius: int) -> dict[int, T]:
    """Only the neighbours that this radius reaches."""
    return {k: each for k, each in by_offset.items() if abs(k) <= radius}
