"""The plain way to the same results: what the fast paths are measured against.

The network as it is trained (weights rounded for every picture, filters for every location), its
sparse head dense, every pair of frames by itself, one thing after the other.
"""

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from ..flow import RaftFlow
from ..infer import Predictor, network_size
from ..network import DirectDensePose
from ..network.background_suppression import suppress_background
from ..network.device import autocast
from ..network.direct_dense_pose import DensePose, assemble, union_of_masks
from ..network.instance_branch import DetectionLimits, detect
from ..settings import FlowSettings
from ..types import Frame


class PlainNetwork:
    """Figure 2 step by step, as it is trained."""

    def __init__(self, network: DirectDensePose, predictor: Predictor) -> None:
        """Look at pictures with this network under a predictor's settings."""
        self.predictor = predictor
        self.network = network.to(predictor.device).to(memory_format=torch.channels_last).eval()

    @torch.inference_mode()
    def __call__(self, frame: Frame) -> DensePose:
        """The network's answer for a frame."""
        settings, network = self.predictor.settings, self.network
        h, w = network_size(frame.size, settings)
        image = cv2.resize(frame.image, (w, h), interpolation=cv2.INTER_AREA)
        picture = torch.from_numpy(image).permute(2, 0, 1)[None].to(self.predictor.device)
        limits = DetectionLimits(settings.threshold, settings.nms, settings.nms_iou, settings.top_k)
        with autocast(self.predictor.device, settings.precision):
            maps, x_global = network.look(picture)
            people = detect(maps, (h, w), limits)
            sites = suppress_background(people.instance_mask, people.image, 1)
            rows, sites = network.global_iuv_branch(x_global, sites, "dense")
            surface = union_of_masks(people.surface_mask, people.image, sites)
            return DensePose(people, *assemble(rows, sites, surface))


def windows(images: Sequence[np.ndarray], radius: int) -> Iterator[tuple[int, list[int]]]:
    """Each frame and the neighbours on both sides that exist."""
    for t in range(len(images)):
        near = range(max(0, t - radius), min(len(images), t + radius + 1))
        yield t, [other for other in near if other != t]


def raft_pair_by_pair(engine: RaftFlow, images: Sequence[np.ndarray], radius: int) -> None:
    """The forward of torchvision forward for every pair, both pictures encoded anew."""
    scale = min(1.0, engine.max_side / max(images[0].shape[:2]))
    sides = [max(128, round(side * scale / 8) * 8) for side in images[0].shape[:2]]
    for t, near in windows(images, radius):
        for other in near:
            pair = [_picture(images[i], sides, engine.device) for i in (t, other)]
            with torch.no_grad():
                engine.model(*pair, num_flow_updates=engine.updates)


def _picture(image: np.ndarray, sides: Sequence[int], device: torch.device) -> Tensor:
    resized = cv2.resize(image, (sides[1], sides[0]), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(resized).to(device).permute(2, 0, 1)[None] / 127.5 - 1


def dis_pair_by_pair(images: Iterable[np.ndarray], radius: int) -> None:
    """OpenCV's preset for every pair."""
    images = list(images)
    scale = min(1.0, FlowSettings.max_side / max(images[0].shape[:2]))
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    for t, near in windows(images, radius):
        for other in near:
            pair = [cv2.cvtColor(images[i], cv2.COLOR_RGB2GRAY) for i in (t, other)]
            pair = [cv2.resize(p, None, fx=scale, fy=scale) for p in pair] if scale < 1 else pair
            dis.calc(pair[0], pair[1], None)  # type: ignore[call-overload]
