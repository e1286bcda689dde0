"""What stored predictions cost in bytes, labels and steadiness, and what they save in time.

    python benchmarks/bench_store.py CLIP [--seconds 2] [--start 0]

Labels and steadiness: the network's predictions as they are against those that a store gives back,
unsmoothed and smoothed (r = 2). Time: CPU seconds of this process, and wall time.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from ddp_video.decode import FrameReader
from ddp_video.measure import Steadiness
from ddp_video.pipeline import (
    Engines,
    RunSettings,
    infer,
    load_engines,
    measure_video,
    run,
    store_smoothed,
)
from ddp_video.render import draw, labels
from ddp_video.settings import RenderSettings
from ddp_video.smooth import smooth
from ddp_video.store import open_predictions
from ddp_video.types import Frame, Prediction

MINUTE = 60 * 30  # frames of a minute at 30 a second


def timed(name: str, work: Callable[[], object]) -> None:
    """Print what a piece of work takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"  {name:<28} {wall:7.2f} s {cpu:7.2f} s of CPU")


class Difference:
    """How labels and steadiness differ between exact and stored predictions."""

    def __init__(self) -> None:
        self.changed = self.people = self.pixels = 0
        self.uv: list[float] = []
        self.meters = (Steadiness(), Steadiness())

    def add(self, exact: Prediction, stored: Prediction) -> None:
        """Compare one frame."""
        both = [labels(exact), labels(stored)]
        for meter, iuv in zip(self.meters, both, strict=True):
            meter.add(draw(iuv, None, RenderSettings(background="black")))
        (before, after), same = both, both[0].part == both[1].part
        self.changed += np.count_nonzero(~same)
        self.people += np.count_nonzero(before.part)
        self.pixels += same.size
        inside = same & (before.part > 0)
        if inside.any():
            errors = [np.abs(getattr(before, k) - getattr(after, k))[inside].max() for k in "uv"]
            self.uv.append(float(max(errors)))

    def say(self, name: str) -> None:
        """Print one line."""
        before, after = (meter.result() for meter in self.meters)
        print(
            f"  {name:<12} labels changed: {100 * self.changed / self.pixels:.4f} % of pixels, "
            f"{100 * self.changed / max(self.people, 1):.4f} % of people's; U, V off by at most "
            f"{max(self.uv, default=0):.4f}; ITF {before.itf_db or 0:.4f} → {after.itf_db or 0:.4f}"
            f" dB, ISI {before.isi or 0:.5f} → {after.isi or 0:.5f}"
        )


def compare(store: Path, steady: Path, engines: Engines, settings: RunSettings, clip: Path) -> None:
    """Exact predictions against the stored ones, both unsmoothed and smoothed."""
    unsmoothed, smoothed = Difference(), Difference()
    with FrameReader(clip, settings.start, settings.end) as reader:
        exact: Iterator[tuple[Frame, Prediction]] = engines.network()(reader)
        items = smooth(exact, engines.estimator, (0, 2))
        pairs = zip(open_predictions(store), open_predictions(steady), strict=True)
        for item, (one, other) in zip(items, pairs, strict=True):
            unsmoothed.add(item.unsmoothed, one.prediction())
            smoothed.add(item.smoothed[2], other.prediction())
    unsmoothed.say("unsmoothed")
    smoothed.say("r = 2")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--start", type=Fraction, default=Fraction(0))
    parser.add_argument("--seconds", type=Fraction, default=Fraction(2))
    args = parser.parse_args()
    clip, end = args.clip, args.start + args.seconds
    settings = RunSettings(start=args.start, end=end)
    engines = load_engines(None, settings)
    no_network = replace(engines, predictor=None)
    drawn = RunSettings(radii=(0,), measure=False)
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        store, steady = out / "x.ddp", out / "steady.ddp"
        run(clip, out / "warm", engines, replace(settings, end=args.start + Fraction(1, 4)))
        timed("run", lambda: run(clip, out / "run", engines, settings))
        timed("infer", lambda: infer(clip, store, engines, settings))
        timed("run x.ddp", lambda: run(store, out / "again", no_network, RunSettings()))
        timed(
            "smooth x.ddp -o steady.ddp",
            lambda: store_smoothed(store, steady, no_network, RunSettings()),
        )
        timed("render steady.ddp", lambda: run(steady, out / "drawn", no_network, drawn))
        timed("metrics steady.ddp", lambda: measure_video(steady))
        for path in (store, steady):
            frames = len(open_predictions(path))
            each = sum(file.stat().st_size for file in path.iterdir()) / frames
            print(
                f"  {path.name:<12} {frames} frames, {each / 1e3:.1f} kB each: "
                f"{each * MINUTE / 1e6:.0f} MB a minute at 30 frames/s"
            )
        videos = [next((out / each).glob("*.contour.mp4")) for each in ("run", "again", "drawn")]
        same = len({video.read_bytes() for video in videos}) == 1
        print(f"  run, run x.ddp and smooth + render give the same file: {same}")
        compare(store, steady, engines, settings, clip)


if __name__ == "__main__":
    main()
