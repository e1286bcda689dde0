"""Write samples/golden.json anew: for new weights; look at the difference before committing.

python benchmarks/make_golden.py
"""

import argparse
import json
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np

from ddp_video.decode import FrameReader
from ddp_video.infer import Predictor
from ddp_video.pipeline import RunSettings, load_engines, run
from ddp_video.render import labels
from ddp_video.synthesis.clip_files import read_truth
from ddp_video.weights import load_network, resolve

SAMPLES = Path(__file__).parents[1] / "samples"
CLIP = SAMPLES / "crossing.mp4"


def steadiness() -> dict[str, float | None]:
    """ITF and ISI of the first half second, on black."""
    settings = RunSettings(end=Fraction(1, 2))
    with tempfile.TemporaryDirectory() as folder:
        report = run(CLIP, Path(folder), load_engines(None, settings), settings)
    assert report.raw is not None
    numbers = {"raw_itf_db": report.raw.itf_db}
    for radius in (0, 2):
        plain = report.rendered[radius]["black"]
        numbers |= {f"r{radius}_itf_db": plain.itf_db, f"r{radius}_isi": plain.isi}
    return numbers


def accuracy() -> dict[str, float]:
    """Foreground IoU, part agreement and |U, V error| of the first frame."""
    truth, _ = read_truth(SAMPLES / "crossing.truth.mkv")
    with FrameReader(CLIP, end=Fraction(1, 8)) as reader:
        _, prediction = next(iter(Predictor(load_network(resolve()))(reader)))
    found, part = labels(prediction), truth[0][..., 0]
    both = (found.part > 0) & (part > 0)
    agree = both & (found.part == part)
    error = np.abs(np.stack((found.u, found.v), -1) - truth[0][..., 1:] / 255)[agree].mean()
    either = (found.part > 0) | (part > 0)
    return {
        "iou": float(both.sum() / either.sum()),
        "parts": float(agree.sum() / both.sum()),
        "uv": float(error),
    }


def main() -> None:
    """Measure and write."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    numbers = {k: round(v, 5) for k, v in {**steadiness(), **accuracy()}.items() if v is not None}
    (SAMPLES / "golden.json").write_text(json.dumps(numbers, indent=2) + "\n")
    print(json.dumps(numbers, indent=2))


if __name__ == "__main__":
    main()
