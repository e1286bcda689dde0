"""The plain way to the same results: what the fast paths are measured against.

The network as it is trained (weights rounded for every picture, filters for every location), its
sparse head dense, every pair of frames by itself, one thing after the other.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from ..flow import RaftFlow, to_grid
from ..infer import Predictor, network_size, prediction_of
from ..network import DirectDensePose
from ..network.background_suppression import suppress_background
from ..network.device import autocast
from ..network.direct_dense_pose import DensePose, assemble, union_of_masks
from ..network.instance_branch import DetectionLimits, detect
from ..presence import lasting
from ..settings import FlowSettings
from ..types import Frame, Person, Prediction


class PlainNetwork:
    """Figure 2 step by step, as it is trained."""

    def __init__(self, network: DirectDensePose, predictor: Predictor) -> None:
        """Look at pictures with this network under a predictor's settings."""
        self.predictor = predictor
        self.network = network.to(predictor.device).to(memory_format=torch.channels_last).eval()

    @torch.inference_mode()
    def __call__(self, frame: Frame, threshold: float | None = None) -> DensePose:
        """The network's answer for a frame; a person needs the settings' score, or this one."""
        settings, network = self.predictor.settings, self.network
        h, w = network_size(frame.size, settings)
        image = cv2.resize(frame.image, (w, h), interpolation=cv2.INTER_AREA)
        picture = torch.from_numpy(image).permute(2, 0, 1)[None].to(self.predictor.device)
        least = settings.threshold if threshold is None else threshold
        limits = DetectionLimits(least, settings.nms, settings.nms_iou, settings.top_k)
        with autocast(self.predictor.device, settings.precision):
            maps, x_global = network.look(picture)
            people = detect(maps, (h, w), limits)
            sites = suppress_background(people.instance_mask, people.image, 1)
            rows, sites = network.global_iuv_branch(x_global, sites, "dense")
            surface = union_of_masks(people.surface_mask, people.image, sites)
            return DensePose(people, *assemble(rows, sites, surface))


class PlainPredictions:
    """The plain network as `run` takes one: frame by frame."""

    def __init__(self, plain: PlainNetwork) -> None:
        """Take the network."""
        self.plain = plain
        self.description = plain.predictor.description

    def __call__(
        self, frames: Iterable[Frame], before: Sequence[Person] = ()
    ) -> Iterator[tuple[Frame, Prediction]]:
        """As `Predictor.__call__`."""
        settings = self.plain.predictor.settings
        least = settings.threshold * settings.stay
        looked = (
            (
                frame,
                prediction_of(
                    self.plain(frame, least), frame.size, network_size(frame.size, settings)
                ),
            )
            for frame in frames
        )
        return lasting(looked, settings.threshold, before)


def windows(images: Sequence[np.ndarray], radius: int) -> Iterator[tuple[int, list[int]]]:
    """Each frame and the neighbours on both sides that exist."""
    for t in range(len(images)):
        near = range(max(0, t - radius), min(len(images), t + radius + 1))
        yield t, [other for other in near if other != t]


Pair = Callable[[np.ndarray, np.ndarray], np.ndarray]


class PairByPair:
    """A flow engine that estimates every pair of a window's frames by itself.

    A flow that was estimated is kept as long as its frames stand in the window, so that looking
    back costs nothing: one estimate for each frame and each of its neighbours.
    """

    def __init__(self, pair: Pair) -> None:
        """Take what estimates (f, g, 2) flow from one frame to another."""
        self._pair = pair
        self._kept: dict[tuple[int, int], tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def flows(
        self, window: Sequence[np.ndarray], centre: int, grid: tuple[int, int]
    ) -> dict[int, Tensor]:
        """As `FlowEstimator` says."""
        here = window[centre]
        return {k: self._one(window, here, other, grid) for k, other in _others(window, centre)}

    def flows_back(
        self, window: Sequence[np.ndarray], centre: int, grid: tuple[int, int]
    ) -> dict[int, Tensor]:
        """As `TwoWayFlow` says."""
        here = window[centre]
        return {k: self._one(window, other, here, grid) for k, other in _others(window, centre)}

    def _one(
        self,
        window: Sequence[np.ndarray],
        one: np.ndarray,
        other: np.ndarray,
        grid: tuple[int, int],
    ) -> Tensor:
        there = {id(image) for image in window}
        self._kept = {ids: kept for ids, kept in self._kept.items() if there >= set(ids)}
        ids = (id(one), id(other))
        if ids not in self._kept:
            self._kept[ids] = one, other, self._pair(one, other)
        return to_grid(self._kept[ids][2], grid)


def _others(window: Sequence[np.ndarray], centre: int) -> list[tuple[int, np.ndarray]]:
    return [(j - centre, image) for j, image in enumerate(window) if j != centre]


def each_pair(pair: Pair, images: Sequence[np.ndarray], radius: int) -> None:
    """Estimate every frame's flows to its neighbours."""
    for t, near in windows(images, radius):
        for other in near:
            pair(images[t], images[other])


def raft_pair(engine: RaftFlow) -> Pair:
    """RAFT's own forward, both pictures encoded anew."""

    def pair(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        scale = min(1.0, engine.max_side / max(one.shape[:2]))
        sides = [max(128, round(side * scale / 8) * 8) for side in one.shape[:2]]
        pictures = [_picture(image, sides, engine.device) for image in (one, other)]
        with torch.no_grad():
            flow = engine.model(*pictures, num_flow_updates=engine.updates)[-1]
        return flow[0].permute(1, 2, 0).contiguous().cpu().numpy()

    return pair


def _picture(image: np.ndarray, sides: Sequence[int], device: torch.device) -> Tensor:
    resized = cv2.resize(image, (sides[1], sides[0]), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(resized).to(device).permute(2, 0, 1)[None] / 127.5 - 1


def dis_pair() -> Pair:
    """OpenCV's preset."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def pair(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        scale = min(1.0, FlowSettings.max_side / max(one.shape[:2]))
        grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (one, other)]
        if scale < 1:
            grey = [
                cv2.resize(g, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for g in grey
            ]
        return dis.calc(grey[0], grey[1], None)  # type: ignore[call-overload]

    return pair
