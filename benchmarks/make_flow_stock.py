"""Make the folder of pictures that `ddp-video train-flow` composes its pairs of.

    python benchmarks/make_flow_stock.py ASSETS -o stock

People are cut out of the street photos by their labels (NAME_labels.png, 0 = nobody), backgrounds
are shrunk. What `validation_split.toml` reserves is left out, and goes to a stock of its own with
`--validation`, for pairs to measure on. All of it is about 30 MB.
"""

import argparse
import tomllib
from pathlib import Path

import cv2

from ddp_video.data.densepose_coco import read_picture
from ddp_video.training.flow.stock import PHOTO_SIDE, shrunk, write_cut_out, write_picture

SPLIT = Path(__file__).parent / "validation_split.toml"
LAST_TO_TRAIN = 840  # of the street photos; those after it are for validation


def main() -> None:
    """Make the stock that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("assets", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--validation", action="store_true", help="the reserved photos instead")
    parser.add_argument("--side", type=int, default=512, help="longer side of backgrounds")
    asked = parser.parse_args()
    reserved = set(tomllib.loads(SPLIT.read_text())["empty"]["photos"])
    people, photos = asked.output / "people", asked.output / "photos"
    for folder in (people, photos):
        folder.mkdir(parents=True, exist_ok=True)
    counts = [0, 0]
    for labels in sorted((asked.assets / "photos" / "street").glob("*_labels.png")):
        name = labels.name.removesuffix("_labels.png")
        if (int(name) > LAST_TO_TRAIN) == asked.validation:
            image = read_picture(labels.with_name(f"{name}.jpg"))[..., ::-1]
            mask = read_picture(labels, image.shape[:2])[..., 0] > 0
            if not mask.any():
                continue
            write_cut_out(image, largest(mask), people / f"{name}.webp")
            counts[0] += 1
    root = asked.assets / "backgrounds"
    for path in sorted(p for p in root.rglob("*") if p.suffix in (".jpg", ".png")):
        if (path.relative_to(root).as_posix() in reserved) == asked.validation:
            image = shrunk(read_picture(path)[..., ::-1], min(asked.side, PHOTO_SIDE))
            write_picture(image, photos / f"{path.parent.name}_{path.stem}.webp")
            counts[1] += 1
    print(f"{counts[0]} people, {counts[1]} photos in {asked.output}")


def largest(mask):
    """Only the largest connected piece of a mask."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype("uint8"))
    if count < 2:
        return mask
    return pieces == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()


if __name__ == "__main__":
    main()
