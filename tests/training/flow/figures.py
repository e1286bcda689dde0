"""A stock of noise for the tests."""

import cv2
import numpy as np

from ddp_video.training.flow.stock import Stock


def stock() -> Stock:
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 255, (30, 40, 3)).astype(np.uint8)
    photo = cv2.resize(rough, (240, 180), interpolation=cv2.INTER_CUBIC)
    cut_out = np.dstack([photo[:120, :60], np.full((120, 60), 255, np.uint8)])
    cut_out[:30] = 0
    return Stock([photo], [cut_out])
