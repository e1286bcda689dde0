"""Does the network still see a back where a face looks over the shoulder?

    ddp-video label-photos sport -o labels/sport --teachers teachers
    ddp-video label-photos street -o labels/street --teachers teachers
    python benchmarks/faces_above_backs.py labels/sport labels/street --weights runs/new.safetensors

People of the first dataset who are seen from behind are shown on a plain ground, once as they are
and once with the head of somebody of the second dataset who is seen from the front. Prints, for
each file of weights, the share of the backs' cells that are called back, not front: mean over
people.
"""

import argparse
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import numpy as np
import torch

from ddp_video.data import DensePoseDataset
from ddp_video.data.canvas import Canvas, blank_canvas, picture_from_record
from ddp_video.data.cut_out import CutOut, cut_out
from ddp_video.data.head_swap import swap_head
from ddp_video.data.mixing import Placement, SceneSettings, paste
from ddp_video.infer import Predictor
from ddp_video.settings import InferSettings
from ddp_video.types import PARTS, Frame
from ddp_video.weights import load_network, resolve

BACK, FRONT = 1, 2
SIDE = 288  # of the pictures, as the network looks at them
HEIGHT = 230  # of the people's longer side
GROUND = (150, 160, 170)
LEAST = 100  # pixels that a person is high in the photo
MOSTLY = 4  # times as much of one side of the trunk as of the other
SEEN = 0.02  # of the person's box: so much of the trunk must be seen


def people(dataset: DensePoseDataset, side: int, rng: np.random.Generator) -> Iterator[CutOut]:
    """People of whose trunk mostly this side is seen, in random order."""
    other = BACK + FRONT - side
    for k in rng.permutation(len(dataset)):
        picture = picture_from_record(dataset[int(k)], 640)
        for person in range(picture.people):
            cut = cut_out(picture, person, LEAST, SceneSettings.max_cut)
            if cut is None:
                continue
            seen = np.bincount(cut.labels[..., 0].ravel(), minlength=256)
            if seen[side] > max(MOSTLY * seen[other], SEEN * cut.mask.size):
                yield cut


def shown(cut: CutOut, rng: np.random.Generator) -> Canvas:
    """Somebody in the middle of a plain picture."""
    canvas = blank_canvas(np.full((SIDE, SIDE, 3), GROUND, np.uint8))
    h, w = cut.mask.shape
    scale = HEIGHT / max(h, w)
    x, y = (SIDE - scale * w) / 2, (SIDE - scale * h) / 2
    matrix = np.array([[scale, 0, x], [0, scale, y], [0, 0, 1]])
    plain = SceneSettings(harmonise=0.0)
    paste(rng, canvas, cut, Placement(matrix, mirrored=False, feet=SIDE), plain)
    return canvas


def called_back(predictor: Predictor, canvas: Canvas) -> float:
    """Share of the back's cells that are called back, of those called back or front."""
    prediction = predictor.predict(Frame(canvas.image, 0, 0, Fraction(1, 25)))
    said = prediction.logits[:PARTS].argmax(0).numpy()
    trunk = (canvas.labels[..., 0] == BACK) & np.isin(said, (BACK, FRONT))
    return float((said[trunk] == BACK).mean()) if trunk.any() else float("nan")


def mean_of(predictor: Predictor, canvases: list[Canvas]) -> float:
    """Over those in whom any of the trunk is found."""
    return float(np.nanmean([called_back(predictor, canvas) for canvas in canvases]))


def main() -> None:
    """Print a line for each file of weights."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("backs", type=Path, help="dataset with people seen from behind")
    parser.add_argument("faces", type=Path, help="dataset with people seen from the front")
    parser.add_argument("--weights", nargs="+", default=["ddp_mobilenetv2"])
    parser.add_argument("-n", "--number", type=int, default=60, help="people at most")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    torch.set_num_threads(1)
    own: list[Canvas] = []
    swapped: list[Canvas] = []
    faces = people(DensePoseDataset(arguments.faces), FRONT, rng)
    for back, face in zip(
        people(DensePoseDataset(arguments.backs), BACK, rng), faces, strict=False
    ):
        other = swap_head(rng, back, face)
        if other is not back:
            own.append(shown(back, rng))
            swapped.append(shown(other, rng))
        if len(own) == arguments.number:
            break
    print(f"{len(own)} people")
    for name in arguments.weights:
        predictor = Predictor(load_network(resolve(name)), InferSettings(near_side=SIDE))
        before, after = (mean_of(predictor, each) for each in (own, swapped))
        print(f"{name}: called back {before:.3f}, with a face above {after:.3f}")


if __name__ == "__main__":
    main()
