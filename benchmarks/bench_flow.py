"""Time and judge the flow engines on a texture that moves: python benchmarks/bench_flow.py.

Prints a table: engine, milliseconds a pair (window of five sliding by one frame), mean end-point
error in pixels of the frame. `--raft` has random weights: its time is right, its error is not.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
from torchvision.models.optical_flow import raft_large, raft_small

from ddp_video.flow import DisFlow, RaftFlow, WindowFlow, load_raft

STEP = (3, 1)  # pixels a frame, x then y


def clip(height: int, width: int, frames: int) -> list[np.ndarray]:
    """Cut the frames of a camera that pans over a texture."""
    rng = np.random.default_rng(0)
    world = rng.integers(0, 256, (height + STEP[1] * frames, width + STEP[0] * frames, 3), np.uint8)
    world = cv2.normalize(cv2.GaussianBlur(world, (0, 0), 3), world, 0, 255, cv2.NORM_MINMAX)
    cuts = ((STEP[1] * t, STEP[0] * t) for t in range(frames))
    return [np.ascontiguousarray(world[y : y + height, x : x + width]) for y, x in cuts]


def judge(engine: WindowFlow, frames: list[np.ndarray], warm_up: int = 1) -> tuple[float, float]:
    """Return milliseconds a pair and mean end-point error."""
    grid = frames[0].shape[:2]
    seconds, pairs, errors = 0.0, 0, []
    for centre in range(2, len(frames) - 2):
        start = time.perf_counter()
        flows = engine.flows(frames[centre - 2 : centre + 3], 2, (grid[0] // 4, grid[1] // 4))
        if centre >= 2 + warm_up:
            seconds, pairs = seconds + time.perf_counter() - start, pairs + len(flows)
        for k, flow in flows.items():
            true = np.array(STEP, np.float32)[:, None, None] * -k / 4
            errors.append(np.linalg.norm(flow.numpy() - true, axis=0).mean() * 4)
    return seconds / pairs * 1e3, float(np.mean(errors))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs=2, default=(360, 640), metavar=("H", "W"))
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--raft", action="store_true", help="RAFT with random weights too")
    parser.add_argument("--weights", type=Path, help="RAFT weights in torchvision's layout")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    engines: dict[str, WindowFlow] = {"dis": DisFlow()}
    if arguments.weights:
        name, model = load_raft(arguments.weights)
        engines[name] = RaftFlow(model, arguments.device)
    elif arguments.raft:
        engines["raft-small (random)"] = RaftFlow(raft_small(weights=None), arguments.device)
        engines["raft-large (random)"] = RaftFlow(raft_large(weights=None), arguments.device)
    frames = clip(*arguments.size, arguments.frames)
    print(f"{arguments.size[0]}x{arguments.size[1]}\n{'engine':20} ms a pair  error px")
    for name, engine in engines.items():
        milliseconds, error = judge(engine, frames)
        print(f"{name:20} {milliseconds:9.1f} {error:9.2f}")


if __name__ == "__main__":
    main()
