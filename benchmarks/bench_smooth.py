"""Time the temporal averages on a synthetic scene: python benchmarks/bench_smooth.py.

Prints a table: people's share of the grid, radius, median CPU milliseconds a frame of the paper's
average (Eq. 6) and of the robust one, without the optical flow.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ddp_video.settings import SmoothSettings
from ddp_video.smooth import robust_average, temporal_average
from ddp_video.smooth.robust import View, look, view
from ddp_video.types import LOGIT_CHANNELS, PARTS, Prediction

ROBUST = SmoothSettings(cuts=False)  # noise would be taken for a cut


def scene(height: int, width: int, share: float, generator: torch.Generator) -> Prediction:
    """Build a prediction whose people fill two boxes of the given share of the grid together."""
    coverage = torch.zeros(height, width)
    rows, columns = round(height * 0.8), round(width * share / 0.8 / 2)
    for left in (width // 10, width - width // 10 - columns):
        coverage[height // 10 : height // 10 + rows, left : left + columns] = 1
    logits = torch.randn(LOGIT_CHANNELS, height, width, generator=generator) * coverage
    logits[:PARTS] -= (1 - coverage) * 20 * (torch.arange(PARTS) > 0)[:, None, None]
    return Prediction(logits, coverage, size=(4 * height, 4 * width))


def robust(
    image: np.ndarray, present: Prediction, views: dict[int, View], flows: dict[int, Tensor]
) -> Prediction:
    """What a frame costs: its own view, the looks at its neighbours, the average."""
    here = view(image, present)
    looks = {k: look(here, there, flows[k], -flows[k], ROBUST) for k, there in views.items()}
    return robust_average(here, {k: each for k, each in looks.items() if each}, ROBUST)


def milliseconds(work: Callable[[], object], repeats: int) -> float:
    """Median CPU time."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times) * 1e3


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grid", type=int, nargs=2, default=(96, 160), metavar=("H", "W"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=20)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    generator = torch.Generator().manual_seed(0)
    height, width = arguments.grid
    image = np.zeros((4 * height, 4 * width, 3), np.uint8)
    print(f"grid {height}x{width}, {arguments.threads} threads\npeople  radius   paper  robust")
    for share in (0.0, 0.1, 0.25, 0.5, 0.8):
        for radius in (1, 2, 5):
            present = scene(height, width, share, generator)
            offsets = [k for k in range(-radius, radius + 1) if k]
            neighbours = {k: scene(height, width, share, generator) for k in offsets}
            flows = {k: torch.randn(2, height, width, generator=generator) + k for k in offsets}
            scenes = present, neighbours, flows
            paper = milliseconds(partial(temporal_average, *scenes), arguments.repeats)
            views = {k: view(image, each) for k, each in neighbours.items()}
            ours = milliseconds(partial(robust, image, present, views, flows), arguments.repeats)
            print(f"{share:5.0%}  {radius:6d}  {paper:6.1f}  {ours:6.1f}", flush=True)


if __name__ == "__main__":
    main()
