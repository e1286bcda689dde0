"""ResNet-50 at the paper's widths, and detectron2's DensePose R-CNN on the same pictures.

    python benchmarks/bench_resnet.py CLIP [--people 1 20] [--rounds 7]
    python benchmarks/bench_resnet.py CLIP --rcnn CONFIG.yaml --rcnn-weights MODEL.pkl

The pictures are 480x853 with people cut out of the clip. No weights of this network are shipped:
it is random, and its time needs no training, but random masks would cover anything. So a few
locations are taken for people as trained weights would, each person's mask is computed, and the
sparse head then looks at `--share` of the grid's cells, a rectangle for each person. Beside
it the shipped weights. DensePose R-CNN is timed in the same turns where detectron2 is installed
(with its project DensePose) and a config and weights of it are given.
"""

import argparse
from collections.abc import Callable, Mapping
from fractions import Fraction
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch

from ddp_video.bench.scenes import crowd, cut_out
from ddp_video.bench.stopwatch import interleaved
from ddp_video.decode import FrameReader
from ddp_video.infer import Predictor, network_size
from ddp_video.network import build
from ddp_video.network.background_suppression import suppress_background
from ddp_video.network.device import autocast
from ddp_video.network.direct_dense_pose import assemble, union_of_masks
from ddp_video.network.instance_branch import DetectionLimits, detect
from ddp_video.settings import PAPER_ARCHITECTURE, InferSettings
from ddp_video.types import Frame
from ddp_video.weights import load_network, resolve

SIZE = (480, 853)
AS_LARGE = InferSettings(short_side=SIZE[0], max_height=SIZE[0], near_side=0)
CANDIDATES = 10  # locations that take one and the same person for theirs


def random_network(people: int, share: float, dense: bool) -> Callable[[Frame], float]:
    """Look at a frame with a random network; the share of cells in its sparse head comes back."""
    torch.manual_seed(0)
    predictor = Predictor(build(PAPER_ARCHITECTURE), AS_LARGE)
    network, settings = predictor.network, predictor.settings

    @torch.inference_mode()
    def look(frame: Frame) -> float:
        h, w = network_size(frame.size, settings)
        image = cv2.resize(frame.image, (w, h), interpolation=cv2.INTER_LINEAR)
        picture = torch.from_numpy(image).permute(2, 0, 1)[None].to(predictor.device)
        with autocast(predictor.device, settings.precision):
            pyramid = network.backbone(picture)
            x_agg, x_global = network.aggregation(pyramid)
            maps = network.instance_branch.look(pyramid[1:], x_agg)
            score = (maps.person.sigmoid() * maps.centreness.sigmoid()).sqrt().flatten()
            least = float(score.topk(CANDIDATES * people + 1).values[-1])
            limits = DetectionLimits(least, settings.nms, settings.nms_iou, people)
            detect(maps, (h, w), limits)
            masks = rectangles(people, share, (h // 4, w // 4)).to(predictor.device)
            image_N = torch.zeros(people, dtype=torch.long, device=predictor.device)
            sites = suppress_background(masks, image_N, 1)
            rows, sites = network.global_iuv_branch(x_global, sites, "dense" if dense else "auto")
            *_, coverage = assemble(rows, sites, union_of_masks(masks, image_N, sites))
        return float(coverage.mean())

    return look


def rectangles(people: int, share: float, grid: tuple[int, int]) -> torch.Tensor:
    """(N, h, w) upright rectangles side by side that together cover a share of the grid."""
    h, w = grid
    masks = torch.zeros(people, h, w)
    width = w // people
    across = min(width, round((share * h * w / people / 2) ** 0.5) or 1)
    down = min(h, round(share * h * w / people / across))
    for i in range(people):
        masks[i, (h - down) // 2 : (h + down) // 2, i * width : i * width + across] = 1
    return masks


def rcnn(config: Path, weights: Path, device: str) -> Callable[[Frame], object]:
    """DensePose R-CNN as its own demo calls it."""
    from densepose import add_densepose_config  # pyright: ignore[reportMissingImports]
    from detectron2.config import get_cfg  # pyright: ignore[reportMissingImports]
    from detectron2.engine import DefaultPredictor  # pyright: ignore[reportMissingImports]

    how = get_cfg()
    add_densepose_config(how)
    how.merge_from_file(str(config))
    how.MODEL.WEIGHTS, how.MODEL.DEVICE = str(weights), device
    how.INPUT.MIN_SIZE_TEST, how.INPUT.MAX_SIZE_TEST = min(SIZE), max(SIZE)
    predict = DefaultPredictor(how)
    return lambda frame: predict(np.ascontiguousarray(frame.image[..., ::-1]))


def pictures(clip: Path, counts: list[int]) -> Mapping[int, Frame]:
    """A picture for each number of people."""
    with FrameReader(clip) as reader:
        frames = list(islice(reader, 4))
    predictor = Predictor(load_network(resolve(None)))
    person = cut_out(predictor, frames)
    like = Frame(np.zeros((*SIZE, 3), np.uint8), 0, 0, Fraction(1, 25))
    return {count: crowd(person, count, like) for count in counts}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--people", type=int, nargs="+", default=[1, 20])
    parser.add_argument("--share", type=float, default=0.1, help="of the grid that people cover")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rcnn", type=Path, help="a config of detectron2's DensePose R-CNN")
    parser.add_argument("--rcnn-weights", type=Path)
    args = parser.parse_args()
    shipped = Predictor(load_network(resolve(None)), AS_LARGE)
    works: dict[str, Callable[[], object]] = {}
    theirs = None
    if not (find_spec("detectron2") and find_spec("densepose")):
        print("detectron2 with its project DensePose is not installed here: not timed")
    elif not (args.rcnn and args.rcnn_weights):
        print("DensePose R-CNN: not timed, give its config and weights by --rcnn, --rcnn-weights")
    else:
        theirs = rcnn(args.rcnn, args.rcnn_weights, str(shipped.device))
    for count, frame in pictures(args.clip, args.people).items():
        for name, dense in (("ResNet-50", False), ("ResNet-50, dense head", True)):
            look = random_network(count, args.share, dense)
            cells = f"{look(frame):.0%} of the cells"
            works[f"{name}, {count} people, {cells}"] = lambda f=frame, look=look: look(f)
        works[f"shipped weights, {count} people"] = lambda f=frame: shipped.predict(f)
        if theirs:
            works[f"DensePose R-CNN, {count} people"] = lambda f=frame, see=theirs: see(f)
    print(f"{SIZE[0]}x{SIZE[1]}, {shipped.description}, {torch.get_num_threads()} threads")
    for name, seconds in interleaved(works, args.rounds).items():
        print(f"{name:55} {seconds:6.3f} s")


if __name__ == "__main__":
    main()
