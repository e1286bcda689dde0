"""What each part of the smoothing is worth: every one switched off by itself.

    python benchmarks/ablate_smoothing.py STORE.ddp… [--frames 40] [--radius 2] [--methods-only]

Give stores that `ddp-video infer` wrote. Where the truth of a rendered clip lies beside its source
(samples/README.md), it is used. `ddp-video metrics STORE.ddp --json` says what each figure is; U, V
error is given a second time over the points whose part all rows get right, since a method that
loses limbs has fewer hard points to answer for. Time: CPU milliseconds a frame, flow included.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from ddp_video.cli.measuring import truth_of
from ddp_video.evaluation.steady import SteadyScore
from ddp_video.flow import DisFlow
from ddp_video.pipeline import open_input
from ddp_video.render import labels
from ddp_video.settings import SmoothSettings
from ddp_video.smooth import smooth
from ddp_video.types import Frame, Prediction

ROBUST = SmoothSettings()
METHODS = {"paper": replace(ROBUST, method="paper"), "robust": ROBUST}
PARTS = ("occlusion", "likeness", "cuts", "agreement", "doubt", "even")
FIGURES = {
    "itf_db": 1, "isi": 1, "flips": 100, "uv_change": 100, "iuv_change": 100, "flow_difference": 1,
    "uv_error": 100, "uv_common": 100, "part_error": 100, "iuv_error": 100, "boundary_error": 1,
    "iou": 100, "ms": 1,
}  # fmt: skip
Row = dict[str, float]
Frames = list[tuple[Frame, Prediction]]


def rows(
    store: Path, frames: int, radius: int, variants: dict[str, SmoothSettings]
) -> dict[str, Row]:
    """The figures of one clip, unsmoothed and by each variant."""
    given = open_input(store, None, None)
    assert given.stored is not None
    truth, flow = truth_of(given)
    with given.reader as reader:
        items: Frames = list(islice(given.stored(reader), frames))
    found: dict[str, list[Prediction]] = {"unsmoothed": [each for _, each in items]}
    table: dict[str, Row] = {"unsmoothed": {}}
    for name, settings in variants.items():
        begun = time.process_time()
        found[name] = [s.smoothed[radius] for s in smooth(items, DisFlow(), (radius,), settings)]
        table[name] = {"ms": 1e3 * (time.process_time() - begun) / len(items)}
    for name, predictions in found.items():
        score = SteadyScore()
        for t, ((frame, _), prediction) in enumerate(zip(items, predictions, strict=True)):
            here = None if truth is None else truth[t]
            score.add(
                frame.image, prediction, here, flow[t - 1] if flow is not None and t else None
            )
        steady = score.steadiness()
        table[name] |= {"itf_db": steady.itf_db or 0, "isi": steady.isi or 0, **score.figures()}
    if truth is not None:
        for name, error in zip(found, common_errors(list(found.values()), truth), strict=True):
            table[name]["uv_common"] = error
    return table


def common_errors(sides: list[list[Prediction]], truth: np.ndarray) -> Iterator[float]:
    """U, V error of each where all have the right part."""
    errors: list[list[float]] = [[] for _ in sides]
    for true, *predictions in zip(truth, *sides, strict=False):
        found = [labels(each) for each in predictions]
        right = np.all([iuv.part == true[..., 0] for iuv in found], axis=0) & (true[..., 0] > 0)
        for iuv, values in zip(found, errors, strict=True):
            apart = np.abs(np.stack([iuv.u, iuv.v], -1) - true[..., 1:] / 255)[right]
            values.append(float(apart.mean()))
    return (float(np.nanmean(values)) for values in errors)


def say(title: str, table: dict[str, Row]) -> None:
    """Print one table."""
    names = [name for name in FIGURES if any(name in row for row in table.values())]
    print(f"\n{title}\n{'':22}" + "".join(f"{name[:10]:>11}" for name in names))
    for label, row in table.items():
        cells = (f"{row[n] * FIGURES[n]:11.3f}" if n in row else f"{'–':>11}" for n in names)
        print(f"{label:22}" + "".join(cells), flush=True)


def main() -> None:
    """Print a table for each clip, and the mean over all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stores", type=Path, nargs="+")
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--radius", type=int, default=SmoothSettings.radius)
    parser.add_argument("--methods-only", action="store_true", help="leave the single parts out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    variants = dict(METHODS)
    if not args.methods_only:
        variants |= {f"without {part}": replace(ROBUST, **{part: False}) for part in PARTS}
    tables = []
    for store in args.stores:
        tables.append(rows(store, args.frames, args.radius, variants))
        say(store.stem, tables[-1])
    means = {
        label: {
            name: float(np.mean([t[label][name] for t in tables if name in t[label]]))
            for name in FIGURES
            if any(name in t[label] for t in tables)
        }
        for label in tables[0]
    }
    say(f"mean of {len(tables)}", means)


if __name__ == "__main__":
    main()
