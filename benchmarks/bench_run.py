"""Frames per second and peak memory of `ddp-video run`, for a clip played once and several times.

    python benchmarks/bench_run.py CLIP [--times 1 6] [--width 640 --height 360] [-- further
    options of run]

The clip is re-encoded to the size and repeated, so that the memory of a long clip can be held
against a short one's. Each run is a process of its own; its peak memory is what the operating
system counted.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2

from ddp_video.decode import FrameReader


def repeated(clip: Path, times: int, size: tuple[int, int], path: Path) -> int:
    """Write the clip `times` over at (width, height); returns the frames."""
    with FrameReader(clip) as reader:
        frames = [cv2.resize(f.image, size, interpolation=cv2.INTER_AREA) for f in reader]
        rate = reader.info.rate or Fraction(25)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for image in frames * times:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return len(frames) * times


def measured(command: list[str]) -> tuple[float, float]:
    """(seconds, peak MiB) of a command."""
    begun = time.perf_counter()
    with subprocess.Popen(command) as process:
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    scale = 1024 if sys.platform != "darwin" else 1024**2
    return time.perf_counter() - begun, usage.ru_maxrss / scale


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 6])
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=360)
    args, further = parser.parse_known_args()
    further = [option for option in further if option != "--"]
    print(
        f"{'frames':>7} {'seconds':>8} {'frames/s':>9} {'whole/s':>8} {'peak MiB':>9}  stages (s)"
    )
    with tempfile.TemporaryDirectory() as folder:
        for times in args.times:
            clip = Path(folder) / f"x{times}.mp4"
            frames = repeated(args.clip, times, (args.width, args.height), clip)
            command = [
                sys.executable,
                "-m",
                "ddp_video",
                "run",
                str(clip),
                "-o",
                folder,
                "--quiet",
                *further,
            ]
            seconds, peak = measured(command)
            report = json.loads((Path(folder) / f"x{times}.metrics.json").read_text())
            stages = report["seconds"]
            speed, whole = frames / stages["total"], frames / seconds
            text = " ".join(f"{name} {value:.1f}" for name, value in stages.items())
            print(f"{frames:7d} {seconds:8.1f} {speed:9.2f} {whole:8.2f} {peak:9.0f}  {text}")


if __name__ == "__main__":
    main()
