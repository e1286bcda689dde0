"""Time and judge the flow engines: python benchmarks/bench_flow.py [--truth samples].

On a texture that moves: milliseconds a frame, wall and CPU (all that smoothing asks for: flows
there and back in a window of five that slides by one frame, in the number format that `ddp-video
run` takes), and mean end-point error in pixels of the frame. `--raft` has random weights: its time
is right, its error is not. With `--truth`, a folder of rendered clips with their flow: the curve
that chose the settings of DIS, mean end-point error on people one and two frames ahead (two frames:
estimated over both, and chained), and CPU milliseconds a pair.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torchvision.models.optical_flow import raft_large, raft_small

from ddp_video.decode import FrameReader
from ddp_video.flow import DisFlow, RaftFlow, WindowFlow, chained, load_raft
from ddp_video.network.device import choose_precision
from ddp_video.synthesis.clip_files import FLOW_STEP, read_flow, read_truth

STEP = (3, 1)  # pixels a frame, x then y


def clip(height: int, width: int, frames: int) -> list[np.ndarray]:
    """Cut the frames of a camera that pans over a texture."""
    rng = np.random.default_rng(0)
    world = rng.integers(0, 256, (height + STEP[1] * frames, width + STEP[0] * frames, 3), np.uint8)
    world = cv2.normalize(cv2.GaussianBlur(world, (0, 0), 3), world, 0, 255, cv2.NORM_MINMAX)
    cuts = ((STEP[1] * t, STEP[0] * t) for t in range(frames))
    return [np.ascontiguousarray(world[y : y + height, x : x + width]) for y, x in cuts]


def judge(
    engine: WindowFlow, frames: list[np.ndarray], warm_up: int = 2
) -> tuple[float, float, float]:
    """Return median milliseconds a frame, wall and CPU, and mean end-point error."""
    grid = frames[0].shape[0] // 4, frames[0].shape[1] // 4
    times, errors = [], []
    for centre in range(2, len(frames) - 2):
        window = frames[centre - 2 : centre + 3]
        wall, cpu = time.perf_counter(), time.process_time()
        flows = engine.flows(window, 2, grid)
        engine.flows_back(window, 2, grid)
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
        for k, flow in flows.items():
            true = np.array(STEP, np.float32)[:, None, None] * -k / 4
            errors.append(np.linalg.norm(flow.numpy() - true, axis=0).mean() * 4)
    wall, cpu = np.median(times[warm_up:], axis=0) * 1e3
    return float(wall), float(cpu), float(np.mean(errors))


Clip = tuple[list[np.ndarray], np.ndarray, np.ndarray]  # frames, true flow, who is where


def clips(folder: Path) -> list[Clip]:
    """The rendered clips of a folder."""
    found = []
    for path in sorted(folder.glob("*.flow.mkv")):
        name = path.name.removesuffix(".flow.mkv")
        with FrameReader(folder / f"{name}.mp4") as reader:
            frames = [frame.image for frame in reader]
        people = read_truth(folder / f"{name}.truth.mkv")[1]
        found.append((frames, read_flow(path), people[:, ::FLOW_STEP, ::FLOW_STEP] > 0))
    return found


def followed(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """True flow over two frames, pixels of the video; NaN where a point is hidden in between."""
    rows, columns = np.mgrid[: first.shape[0], : first.shape[1]].astype(np.float32)
    x, y = (np.nan_to_num(part, nan=-99) for part in np.moveaxis(first / FLOW_STEP, -1, 0))
    nothing = (np.nan, np.nan)
    beyond = cv2.remap(
        second, columns + x, rows + y, cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT, nothing
    )
    return first + beyond


def curve(folder: Path, step: int = 6) -> None:
    """Print errors and times of DIS by its settings and its picture's size."""
    preset = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM
    known = clips(folder)
    print("side stride descents refine   +1    +2 chained   CPU ms a pair")
    for side in (480, 400, 320, 240):
        for stride, descents, refinements in ((3, 25, 5), (4, 25, 5), (4, 16, 3), (6, 16, 3)):
            dis = cv2.DISOpticalFlow.create(preset)
            dis.setPatchStride(stride)
            dis.setGradientDescentIterations(descents)
            dis.setVariationalRefinementIterations(refinements)
            errors, times = [], []
            for frames, flow, people in known:
                for t in range(2, len(flow) - 2, step):
                    error, seconds = compare(
                        dis, frames[t : t + 3], flow[t : t + 2], people[t], side
                    )
                    errors.append(error)
                    times += seconds
            one, two, chain = np.nanmean(errors, axis=0)
            print(
                f"{side:4d} {stride:6d} {descents:8d} {refinements:6d} {one:5.2f} {two:5.2f} "
                f"{chain:7.2f}   {1e3 * float(np.median(times)):6.1f}"
            )


def compare(
    dis: cv2.DISOpticalFlow,
    frames: list[np.ndarray],
    flow: np.ndarray,
    people: np.ndarray,
    side: int,
) -> tuple[list[float], list[float]]:
    """Mean errors on people (one frame ahead, two, two chained), and CPU seconds of the pairs."""
    height, width = frames[0].shape[:2]
    scale = side / max(height, width)
    grey = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in frames]
    grey = [cv2.resize(g, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for g in grey]
    flows, seconds = [], []
    for a, b in ((0, 1), (1, 2), (0, 2)):
        start = time.thread_time()
        flows.append(dis.calc(grey[a], grey[b], None))  # pyright: ignore
        seconds.append(time.thread_time() - start)
    *_, chain = chained(flows[:2])
    rows, columns = np.mgrid[: flow.shape[1], : flow.shape[2]].astype(np.float32) * FLOW_STEP
    x, y = (columns + 0.5) * scale - 0.5, (rows + 0.5) * scale - 0.5
    truths = (flow[0], followed(flow[0], flow[1]))
    errors = []
    for found, truth in ((flows[0], truths[0]), (flows[2], truths[1]), (chain, truths[1])):
        off = np.linalg.norm(cv2.remap(found, x, y, cv2.INTER_LINEAR) / scale - truth, axis=-1)
        known = people & ~np.isnan(off)
        errors.append(float(off[known].mean()) if known.any() else np.nan)
    return errors, seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs=2, default=(360, 640), metavar=("H", "W"))
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--raft", action="store_true", help="RAFT with random weights too")
    parser.add_argument("--weights", type=Path, help="RAFT weights in torchvision's layout")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--truth", type=Path, help="a folder of rendered clips with their flow")
    arguments = parser.parse_args()
    if arguments.truth:
        cv2.setNumThreads(1)
        curve(arguments.truth)
        return
    models = {}
    if arguments.weights:
        name, models[name] = load_raft(arguments.weights)
    elif arguments.raft:
        models["raft-small (random)"] = raft_small(weights=None)
        models["raft-large (random)"] = raft_large(weights=None)
    device = torch.device(arguments.device)
    dtype = choose_precision(device, "auto")
    engines: dict[str, WindowFlow] = {"dis": DisFlow()}
    engines |= {name: RaftFlow(model, device, dtype=dtype) for name, model in models.items()}
    frames = clip(*arguments.size, arguments.frames)
    print(f"{arguments.size[0]}x{arguments.size[1]}\n{'engine':20} ms a frame  CPU ms  error px")
    for name, engine in engines.items():
        wall, cpu, error = judge(engine, frames)
        print(f"{name:20} {wall:10.1f} {cpu:7.1f} {error:9.2f}")


if __name__ == "__main__":
    main()
