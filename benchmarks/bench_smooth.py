"""Time the temporal average (Eq. 6) on a synthetic scene: python benchmarks/bench_smooth.py.

Prints a table: people's share of the grid, radius, median milliseconds a frame.
"""

import argparse
import statistics
import time

import torch

from ddp_video.smooth import temporal_average
from ddp_video.types import LOGIT_CHANNELS, PARTS, Prediction


def scene(height: int, width: int, share: float, generator: torch.Generator) -> Prediction:
    """Build a prediction whose people fill two boxes of the given share of the grid together."""
    coverage = torch.zeros(height, width)
    rows, columns = round(height * 0.8), round(width * share / 0.8 / 2)
    for left in (width // 10, width - width // 10 - columns):
        coverage[height // 10 : height // 10 + rows, left : left + columns] = 1
    logits = torch.randn(LOGIT_CHANNELS, height, width, generator=generator) * coverage
    logits[:PARTS] -= (1 - coverage) * 20 * (torch.arange(PARTS) > 0)[:, None, None]
    return Prediction(logits, coverage, size=(4 * height, 4 * width))


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
    print(f"grid {height}x{width}, {arguments.threads} threads\npeople  radius  ms a frame")
    for share in (0.0, 0.1, 0.25, 0.5, 0.8):
        for radius in (1, 2, 5):
            present = scene(height, width, share, generator)
            offsets = [k for k in range(-radius, radius + 1) if k]
            neighbours = {k: scene(height, width, share, generator) for k in offsets}
            flows = {k: torch.randn(2, height, width, generator=generator) + k for k in offsets}
            times = []
            for _ in range(arguments.repeats):
                start = time.process_time()
                temporal_average(present, neighbours, flows)
                times.append(time.process_time() - start)
            print(f"{share:5.0%}  {radius:6d}  {statistics.median(times) * 1e3:10.1f}")


if __name__ == "__main__":
    main()
