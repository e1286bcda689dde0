"""OpenCV's DIS behind the common interface."""

from collections.abc import Sequence

import cv2
import numpy as np

from ..settings import FlowSettings
from .window import WindowFlow


class DisFlow(WindowFlow[np.ndarray]):
    """OpenCV's DIS (Kroeger et al., ECCV 2016): no weights, quick on a CPU.

    Preset medium with patches 4 pixels apart instead of 3, 16 descents instead of 25 and 3
    refinements instead of 5: 1.6 times as fast, 1 pixel in 25 farther from the truth on people
    (`benchmarks/bench_flow.py --truth samples` prints the curve).
    """

    minimum_side = 16  # below 12 pixels OpenCV refuses

    def __init__(self, max_side: int = FlowSettings.max_side) -> None:
        """Set the longest side, in pixels, at which the flow is estimated."""
        super().__init__(max_side)
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._dis.setPatchStride(4)
        self._dis.setGradientDescentIterations(16)
        self._dis.setVariationalRefinementIterations(3)

    def _prepare(self, pixels: np.ndarray) -> np.ndarray:
        return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)

    def _estimate(self, pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
        # None: a flow array passed in would be taken as the starting point
        return [self._dis.calc(one, other, None) for one, other in pairs]  # type: ignore[call-overload]
