"""What optical flow is measured against: no motion at all, and Farnebäck's method."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from ..flow import to_grid


class ZeroFlow:
    """Nothing moves."""

    def flows(
        self, window: Sequence[np.ndarray], centre: int, grid: tuple[int, int]
    ) -> dict[int, Tensor]:
        """As `FlowEstimator` says."""
        return {j - centre: torch.zeros(2, *grid) for j in range(len(window)) if j != centre}


class FarnebackFlow:
    """OpenCV's Farnebäck (SCIA 2003) at full size, with the settings of OpenCV's own example."""

    def flows(
        self, window: Sequence[np.ndarray], centre: int, grid: tuple[int, int]
    ) -> dict[int, Tensor]:
        """As `FlowEstimator` says."""
        grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in window]
        start = np.zeros((*grey[centre].shape, 2), np.float32)
        found = {
            j - centre: cv2.calcOpticalFlowFarneback(
                grey[centre], grey[j], start.copy(), 0.5, 3, 15, 3, 5, 1.2, 0
            )
            for j in range(len(window))
            if j != centre
        }
        return {k: to_grid(flow, grid) for k, flow in found.items()}
