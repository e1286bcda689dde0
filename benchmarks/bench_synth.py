"""Pictures per second of `ddp-video synth pictures`, and where their time goes.

    python benchmarks/bench_synth.py --assets humans --backgrounds photos --motion motion

CPU seconds of one process with one thread, so that other work on the machine hardly counts. Motion
and clothes are read once a process, before the pictures are timed. A shard's cast is made during
its first pictures: figures are given for the first shard, which also fills the caches; for the
second, which is the steady state; and for the second once more, its cast being known.
"""

import argparse
import cProfile
import os
import pstats
import tempfile
import time
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import cv2
import torch

from ddp_video.data import DatasetWriter
from ddp_video.settings import SHARD, PictureSettings
from ddp_video.synthesis.pictures import Picture, picture
from ddp_video.synthesis.raster import warped  # noqa: F401  (before anny loads warp: it quietens it)
from ddp_video.synthesis.scene.stock import pose_bank
from ddp_video.synthesis.wardrobe import library

STEPS = {
    "cast and decor": [("stock.py", "_kept")],
    "poses": [("poses.py", "moment"), ("scene.py", "stood")],
    "places and camera": [
        ("scene.py", "arranged"),
        ("seats.py", "seats"),
        ("scene.py", "before"),
        ("scene.py", "in_hands"),
    ],
    "background": [("pictures.py", "backdrop"), ("backdrop.py", "blurred")],
    "scene": [("stage.py", "__init__")],
    "light": [("stage.py", "picture")],
    "labels": [
        ("stage.py", "labels"),
        ("pictures.py", "known_surface"),
        ("pictures.py", "labelled"),
    ],
    "lens": [("lens.py", "photographed")],
    "writing": [("writer.py", "add")],
}


def read_all(settings: PictureSettings) -> None:
    """Read all motion and clothes there are, which a process keeps."""
    assert len(pose_bank(settings).lengths) == len(pose_bank(settings).takes)
    if settings.assets:
        files = library.library(settings.assets)
        for file in (*files.suits, *files.shoes, *files.hair, *files.hats):
            library.garment(file)


def made(settings: PictureSettings, numbers: range, writer: DatasetWriter) -> list[Picture]:
    """Render and write pictures."""
    out = []
    for number in numbers:
        one = picture(settings, 0, number)
        writer.add(one.image, one.people, one.iuv, key=f"{len(writer):05d}", facts=one.facts)
        out.append(one)
    return out


def seconds_of(stats: pstats.Stats) -> dict[str, float]:
    """CPU seconds of each step, without those of steps inside it that are told elsewhere."""
    out = dict.fromkeys(STEPS, 0.0)
    for (file, _line, name), row in stats.stats.items():  # pyright: ignore[reportAttributeAccessIssue]
        for step, functions in STEPS.items():
            if (Path(file).name, name) in functions and "ddp_video" in file:
                out[step] += row[3]
    return out


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("assets", "backgrounds", "motion"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--people", type=int, default=2)
    parser.add_argument("-n", type=int, default=60, help="pictures, at most a shard of 100")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    settings = PictureSettings(
        given.size, (given.people, given.people), given.assets, given.backgrounds, given.motion
    )
    with tempfile.TemporaryDirectory() as folder, DatasetWriter(folder, ".png") as writer:
        start = time.process_time()
        picture(settings, 0, 0)
        print(f"start (libraries, tables, first picture): {time.process_time() - start:.1f} CPU-s")
        start = time.process_time()
        read_all(settings)
        print(f"all motion and clothes: {time.process_time() - start:.1f} CPU-s")
        second = range(SHARD, SHARD + given.n)
        for name, numbers in (
            ("the first shard", range(given.n)),
            ("the second shard", second),
            ("its cast known", second),
        ):
            start = time.process_time()
            pictures = made(settings, numbers, writer)
            each = (time.process_time() - start) / given.n
            print(f"{name}: {each:.3f} CPU-s a picture, {1 / each:.1f} pictures a CPU-second")
        people = sum(len(p.people) for p in pictures) / given.n
        size = sum(f.stat().st_size for f in Path(folder).rglob("*.*")) / len(writer) / 1024
        print(f"{people:.2f} people seen and {size:.0f} KiB a picture of {given.size}²")
        profile = cProfile.Profile(time.process_time)
        profile.enable()
        made(settings, second, writer)
        profile.disable()
    stats = pstats.Stats(profile)
    total = stats.total_tt  # pyright: ignore[reportAttributeAccessIssue]
    for step, spent in sorted(seconds_of(stats).items(), key=lambda item: -item[1]):
        print(f"  {step:18} {1000 * spent / given.n:6.1f} ms  {100 * spent / total:4.1f} %")


if __name__ == "__main__":
    main()
