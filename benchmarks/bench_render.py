"""How long labels and pictures take: `python benchmarks/bench_render.py`.

Draws synthetic people (a chain of capsules, each one part) and prints medians in milliseconds of
CPU time of one thread, which other work on the machine disturbs little.
"""

import argparse
import time
from collections.abc import Callable

import cv2
import numpy as np
import torch

from ddp_video.render import draw, labels
from ddp_video.settings import RenderSettings
from ddp_video.types import LOGIT_CHANNELS, PARTS, Prediction

# part, from (x, y), to (x, y), thickness, all in heights of a person
CAPSULES = (
    (23, (0.0, 0.08), (0.0, 0.10), 0.13),
    (24, (0.03, 0.08), (0.03, 0.10), 0.10),
    (2, (0.0, 0.24), (0.0, 0.44), 0.20),
    *((15, (0.13, 0.22), (0.17, 0.36), 0.07), (16, (-0.13, 0.22), (-0.17, 0.36), 0.07)),
    *((19, (0.17, 0.37), (0.19, 0.50), 0.06), (20, (-0.17, 0.37), (-0.19, 0.50), 0.06)),
    *((4, (0.19, 0.52), (0.19, 0.55), 0.06), (3, (-0.19, 0.52), (-0.19, 0.55), 0.06)),
    *((10, (0.07, 0.52), (0.08, 0.70), 0.11), (9, (-0.07, 0.52), (-0.08, 0.70), 0.11)),
    *((14, (0.08, 0.74), (0.08, 0.90), 0.09), (13, (-0.08, 0.74), (-0.08, 0.90), 0.09)),
    *((5, (0.08, 0.95), (0.12, 0.96), 0.06), (6, (-0.08, 0.95), (-0.12, 0.96), 0.06)),
)


def people(count: int, size: tuple[int, int], short_side: int = 384) -> Prediction:
    """A prediction that shows `count` people side by side, each as tall as fits."""
    height, width = size
    scale = short_side / min(size)
    h, w = (round(side * scale / 32) * 8 for side in size)
    tall = min(0.95 * h, w / max(count, 1) / 0.5)
    logits = np.zeros((LOGIT_CHANNELS, h, w), np.float32)
    logits[0] = 2
    for index in range(count):
        centre = w * (index + 0.5) / count
        for part, start, end, thick in CAPSULES:
            mask = np.zeros((h, w), np.float32)
            ends = [(round(centre + x * tall), round(0.02 * h + y * tall)) for x, y in (start, end)]
            cv2.line(mask, ends[0], ends[1], 6.0, max(1, round(thick * tall)))
            logits[part] = np.maximum(logits[part], cv2.blur(mask, (2, 2)))
    y, x = np.mgrid[:h, :w].astype(np.float32)
    logits[PARTS : 2 * PARTS] = 0.5 + 0.5 * np.sin(x / tall * 18)
    logits[2 * PARTS :] = 0.5 + 0.5 * np.sin(y / tall * 18)
    covered = (logits[1:PARTS].max(0) > 0).astype(np.float32)
    return Prediction(torch.from_numpy(logits), torch.from_numpy(covered), (), (height, width))


def median_ms(work: Callable[[], object], repeat: int) -> float:
    """Median CPU time of `work`, after one call to warm up."""
    work()
    times = []
    for _ in range(repeat):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return float(np.median(times)) * 1e3


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=40)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    print(f"{'size':>10} {'people':>6} {'covered':>8} {'labels':>8} {'contour':>8} {'sum':>8}  ms")
    for count, size in (
        *((0, (360, 640)), (1, (360, 640)), (2, (360, 640)), (20, (360, 640))),
        *((2, (720, 1280)), (1, (960, 540)), (2, (1080, 1920))),
    ):
        prediction = people(count, size)
        frame = np.full((*size, 3), 128, np.uint8)
        iuv = labels(prediction)
        first = median_ms(lambda p=prediction: labels(p), options.repeat)
        second = median_ms(lambda i=iuv, f=frame: draw(i, f, RenderSettings()), options.repeat)
        share = f"{100 * (iuv.part > 0).mean():.0f} %"
        print(
            f"{size[1]:>5}x{size[0]:<4} {count:>6} {share:>8} {first:8.1f} {second:8.1f}"
            f" {first + second:8.1f}"
        )


if __name__ == "__main__":
    main()
