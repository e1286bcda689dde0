"""Score weights against DensePose R-CNN outputs of photos, and against DAVIS masks of clips.

    python benchmarks/evaluate_weights.py [--weights NAME|FILE] [--assets DIR] [--json FILE]

`pairs/` holds photos with `_iuv.png` (OpenCV order I, 255U, 255V); `clips/breakdance` and
`clips/parkour` hold frames with `_mask.png` of one actor, so the person who fits the mask best is
scored. Nothing of either is trained on.
"""

import argparse
import json
import os
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from ddp_video.infer import Predictor
from ddp_video.render import labels
from ddp_video.settings import InferSettings
from ddp_video.types import Frame
from ddp_video.weights import load_network, resolve

MIRROR = np.arange(25)
for _a, _b in (
    (3, 4),
    (5, 6),
    (7, 8),
    (9, 10),
    (11, 12),
    (13, 14),
    (15, 16),
    (17, 18),
    (19, 20),
    (21, 22),
    (23, 24),
):
    MIRROR[_a], MIRROR[_b] = _b, _a
GROUPS = {
    "torso": (1, 2),
    "hands": (3, 4),
    "feet": (5, 6),
    "legs": tuple(range(7, 15)),
    "arms": tuple(range(15, 23)),
    "head": (23, 24),
}


def frame_of(path: Path) -> Frame:
    """A picture file as a frame."""
    image = cv2.imread(str(path))
    assert image is not None, path
    return Frame(np.ascontiguousarray(image[..., ::-1]), 0, 0, Fraction(1, 25))


def compare(part: np.ndarray, uv: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Foreground IoU, part agreement, left/right errors and U, V differences of one picture."""
    true_part, true_uv = truth[..., 0].astype(int), truth[..., 1:] / 255.0
    both = (part > 0) & (true_part > 0)
    agree = both & (part == true_part)
    sided = both & (true_part >= 3)
    error = np.abs(uv - true_uv).mean(-1)
    row = {
        "iou": both.sum() / ((part > 0) | (true_part > 0)).sum(),
        "parts": agree.sum() / max(both.sum(), 1),
        "left_right": (sided & (part == MIRROR[true_part])).sum() / max(sided.sum(), 1),
        "uv": error[agree].mean() if agree.any() else np.nan,
    }
    for name, members in GROUPS.items():
        of_group = both & np.isin(true_part, members)
        right = of_group & agree
        row[f"parts_{name}"] = right.sum() / of_group.sum() if of_group.sum() > 20 else np.nan
        row[f"uv_{name}"] = error[right].mean() if right.sum() > 20 else np.nan
    return {k: float(v) for k, v in row.items()}


def score_pairs(predictor: Predictor, folder: Path) -> dict[str, dict[str, float]]:
    """Every pair by name, and their mean."""
    rows = {}
    for truth_file in sorted(folder.glob("*_iuv.png")):
        frame = frame_of(truth_file.with_name(truth_file.name.replace("_iuv.png", ".jpg")))
        truth = cv2.imread(str(truth_file))
        assert truth is not None
        iuv = labels(predictor.predict(frame), frame.size)
        rows[truth_file.stem] = compare(iuv.part.astype(int), np.stack((iuv.u, iuv.v), -1), truth)
    rows["mean"] = {
        k: float(np.nanmean([r[k] for r in rows.values()])) for k in next(iter(rows.values()))
    }
    return rows


def score_clip(predictor: Predictor, folder: Path, step: int) -> dict[str, float]:
    """IoU of the best-fitting person with the actor's mask, every `step`-th frame."""
    best, people = [], []
    for mask_file in sorted(folder.glob("*_mask.png"))[::step]:
        picture = mask_file.with_name(mask_file.name.replace("_mask.png", ".jpg"))
        truth = cv2.imread(str(mask_file), cv2.IMREAD_GRAYSCALE)
        assert truth is not None
        truth = truth > 127
        frame = frame_of(picture)
        found = predictor.predict(frame).people
        ious = [0.0]
        for person in found:
            mask = (
                cv2.resize(
                    person.instance_mask.numpy(), frame.size[::-1], interpolation=cv2.INTER_LINEAR
                )
                > 0.5
            )
            ious.append(float((mask & truth).sum() / max((mask | truth).sum(), 1)))
        best.append(max(ious))
        people.append(len(found))
    return {
        "iou": float(np.mean(best)),
        "median": float(np.median(best)),
        "people": float(np.mean(people)),
        "frames": len(best),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", default=None)
    parser.add_argument(
        "--assets", type=Path, default=os.environ.get("DDP_VIDEO_ASSETS", "../shared/assets")
    )
    parser.add_argument("--step", type=int, default=4, help="every n-th frame of the clips")
    parser.add_argument("--short-side", type=int, default=InferSettings.short_side)
    parser.add_argument("--threshold", type=float, default=InferSettings.threshold)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    settings = InferSettings(short_side=args.short_side, threshold=args.threshold)
    predictor = Predictor(load_network(resolve(args.weights)), settings)
    pairs = score_pairs(predictor, Path(args.assets) / "pairs")
    for name, row in pairs.items():
        print(
            f"{name:24}",
            " ".join(
                f"{k} {v:.3f}"
                for k, v in row.items()
                if name == "mean" or "_" not in k or k == "left_right"
            ),
        )
    clips = {
        n: score_clip(predictor, Path(args.assets) / "clips" / n, args.step)
        for n in ("parkour", "breakdance")
    }
    for name, row in clips.items():
        print(f"{name:24}", " ".join(f"{k} {v:.3f}" for k, v in row.items()))
    if args.json:
        args.json.write_text(json.dumps({"pairs": pairs, "clips": clips}, indent=1))


if __name__ == "__main__":
    main()
