"""The ablations of the paper's Table 2, trained alike and briefly, beside the paper's figures.

    python benchmarks/ablate_network.py DATASET[=SHARE]… --test DATASET -o runs/ablations
        [--backgrounds DIR] [--trunk FILE] [--steps 600] [--size 192] [--limit 200]

Each row is trained from the same trunk on the same pictures for the same number of steps, then
measured on the test pictures: AP and AR by geodesic point similarity (kappa .255 m, distances of
our own charts), parts right, and the median time that a predictor looks at the first picture.
A run that was stopped goes on. The paper's rows are ResNet-50 after 130,000 steps on
DensePose-COCO: only the differences between rows compare.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import torch

from ddp_video.bench.stopwatch import interleaved
from ddp_video.cli.train import parse_source
from ddp_video.cli.training_options import start_weights
from ddp_video.data import DensePoseDataset
from ddp_video.evaluation.dataset import DatasetScore, score_dataset
from ddp_video.evaluation.found import frame_of
from ddp_video.infer import Predictor
from ddp_video.settings import PRESETS, InferSettings, TrainSettings
from ddp_video.synthesis.charts.geodesics import Geodesics
from ddp_video.training.batches import Source, StreamSettings, TrainingStream
from ddp_video.training.loop import Run, train
from ddp_video.weights import load_network, resolve

# From the least to the full network, each with what the paper's Table 2 gives: AP, AP50, AP75, AR
# and seconds a picture.
PAPER = {
    "w/o L_s, w/o IAN, w/o Sparse": (62.2, 91.5, 73.4, 69.3, 0.380),
    "w/o L_s, w/o IAN": (62.2, 92.3, 73.2, 69.3, 0.234),
    "w/o L_s": (63.8, 91.8, 75.9, 71.2, 0.211),
    "full": (64.0, 92.4, 76.0, 70.9, 0.209),
}
THRESHOLD = 0.3  # briefly trained networks are sure of nobody
ROUNDS = 9  # that a picture is looked at, for the time


def settings_of(name: str, common: TrainSettings) -> TrainSettings:
    """What a row is trained with."""
    shape = replace(
        common.architecture, instance_norm="IAN" not in name, sparse="Sparse" not in name
    )
    smooth = 0.0 if "L_s" in name else common.loss.smooth
    return replace(common, architecture=shape, loss=replace(common.loss, smooth=smooth))


def measure(weights: Path, test: DensePoseDataset, limit: int) -> dict[str, float]:
    """The figures of trained weights."""
    settings = InferSettings(threshold=THRESHOLD, near_side=0)  # one size for all rows
    predictor = Predictor(load_network(resolve(weights)), settings)
    score = DatasetScore(Geodesics.shipped())
    figures = score_dataset(predictor, test, score, limit)
    first = frame_of(test[0].image)
    seconds = interleaved({"look": lambda: predictor.predict(first)}, ROUNDS)["look"]
    gps, rows = figures["gps"], figures["agreement"]
    return {
        "AP": gps["AP"], "AP50": gps["AP50"], "AP75": gps["AP75"], "AR": gps["AR"],
        "parts": 100 * rows.get("parts", float("nan")),
        "left_right": 100 * rows.get("left_right", float("nan")),
        "found": figures["labelled_and_found"] / max(figures["labelled_people"], 1),
        "seconds": seconds,
    }  # fmt: skip


def main() -> None:
    """Train what is not trained yet, measure all, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("datasets", nargs="+", metavar="DATASET[=SHARE]")
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--backgrounds", type=Path)
    parser.add_argument("--trunk", type=Path)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--limit", type=int, default=200)
    args = parser.parse_args()

    common = replace(PRESETS["distil"], steps=args.steps, size=args.size, warmup=50, ema=0.99)
    sources = [Source(DensePoseDataset(d), s, c) for d, s, c in map(parse_source, args.datasets)]
    stream = TrainingStream(
        sources,
        args.backgrounds or (),
        StreamSettings(size=args.size, scene_share=common.scenes, empty_share=common.empty),
    )
    test = DensePoseDataset(args.test)
    found: dict[str, dict[str, float]] = {}
    for number, name in enumerate(PAPER):
        settings = settings_of(name, common)
        folder = args.output / f"row_{number}"
        print(f"{name}: {settings.steps} steps of {settings.batch} pictures", flush=True)
        run = Run(folder, torch.device("cpu"), start_weights(args.trunk, None))
        found[name] = measure(train(stream, settings, run), test, args.limit)
        (args.output / "figures.json").write_text(json.dumps(found, indent=1))
    columns = list(next(iter(found.values())))
    print(f"{'':30}" + "".join(f"{c:>11}" for c in columns) + "   paper: AP AP50 AP75 AR seconds")
    for name, row in found.items():
        cells = "".join(f"{row[c]:11.3f}" for c in columns)
        print(f"{name:30}{cells}   " + " ".join(str(v) for v in PAPER[name]))


if __name__ == "__main__":
    main()
