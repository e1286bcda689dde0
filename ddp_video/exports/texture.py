"""Texture atlases of people, gathered over a film; and people drawn with an atlas.

The layout is that of DensePose's own atlases, see `data.atlas`.

Dims: S = side of a tile, N = pixels.
"""

import json
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

from ..atomic import folder_beside
from ..data.atlas import COLUMNS, ROWS, TILE, atlas_position, tile
from ..encode import VideoWriter, write_picture
from ..errors import InputError
from ..render import IUV, labels
from ..types import PARTS, Frame, Prediction
from .target import Export, Target

_INNER = np.ones((3, 3), np.uint8)
_GAP = np.ones((5, 5), np.uint8)


@dataclass
class Atlas:
    """The colours seen on one person's surface.

    Attributes:
        total: (1200, 800, 3) float32, sums of RGB.
        count: (1200, 800) float32, pixels that fell on each texel.
        seen: positions of the frames in which the person was.
    """

    total: np.ndarray = field(
        default_factory=lambda: np.zeros((ROWS * TILE, COLUMNS * TILE, 3), np.float32)
    )
    count: np.ndarray = field(
        default_factory=lambda: np.zeros((ROWS * TILE, COLUMNS * TILE), np.float32)
    )
    seen: list[int] = field(default_factory=list)

    def add(self, image: np.ndarray, iuv: IUV) -> None:
        """Lay a frame's pixels on the texels that they show.

        The outermost pixels of a person are left out: there the background shines through.

        Args:
            image: (H, W, 3) uint8 RGB.
            iuv: the person's labels.
        """
        inner = cv2.erode((iuv.part > 0).astype(np.uint8), _INNER) > 0
        x, y = atlas_position(iuv.part[inner], iuv.u[inner], iuv.v[inner], TILE)
        texel = np.rint(y).astype(np.intp) * (COLUMNS * TILE) + np.rint(x).astype(np.intp)
        np.add.at(self.count.reshape(-1), texel, 1)
        np.add.at(self.total.reshape(-1, 3), texel, image[inner].astype(np.float32))

    def picture(self) -> np.ndarray:
        """(1200, 800, 4) uint8 RGBA: mean colours; alpha 0 where nothing was seen.

        Pixels are sparse on the texels, so gaps of a few texels between them count as seen. All
        unseen texels have the colour of the nearest seen one of their part: no holes when drawn.
        """
        rgba = np.zeros((*self.count.shape, 4), np.uint8)
        seen = self.count > 0
        rgba[seen, :3] = np.rint(self.total[seen] / self.count[seen, None])
        rgba[..., 3] = seen * np.uint8(255)
        for part in range(1, PARTS):
            texels = rgba[tile(part, TILE)]
            _fill(texels)
            alpha = np.ascontiguousarray(texels[..., 3])
            texels[..., 3] = cv2.morphologyEx(alpha, cv2.MORPH_CLOSE, _GAP)
        return rgba


def _fill(texels: np.ndarray) -> None:
    """Give unseen texels the colour of the nearest seen one, in place; alpha stays."""
    seen = texels[..., 3] > 0
    if not seen.any() or seen.all():
        return
    labelled = cv2.distanceTransformWithLabels(
        (~seen).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = labelled[1].astype(np.intp)
    colours = np.zeros((nearest.max() + 1, 3), np.uint8)
    colours[nearest[seen]] = texels[seen, :3]
    texels[..., :3] = colours[nearest]


class Wardrobe:
    """Everybody's atlas; those of people who were not seen for long wait on the disk.

    Args:
        folder: where they wait.
        at_hand: so many are in memory.
    """

    def __init__(self, folder: Path, at_hand: int = 8) -> None:
        self.numbers: list[int] = []
        self._folder, self._room = folder, at_hand
        self._at_hand: OrderedDict[int, Atlas] = OrderedDict()

    def __getitem__(self, number: int) -> Atlas:
        """The atlas of a person; a new one for somebody new."""
        if number not in self._at_hand:
            if len(self._at_hand) == self._room:
                self._put_away(*self._at_hand.popitem(last=False))
            self._at_hand[number] = self._found(number)
        self._at_hand.move_to_end(number)
        return self._at_hand[number]

    def _put_away(self, number: int, atlas: Atlas) -> None:
        np.savez_compressed(
            self._folder / f"{number}.npz", total=atlas.total, count=atlas.count, seen=atlas.seen
        )

    def _found(self, number: int) -> Atlas:
        if number not in self.numbers:
            self.numbers.append(number)
            return Atlas()
        with np.load(self._folder / f"{number}.npz") as stored:
            return Atlas(stored["total"], stored["count"], stored["seen"].tolist())


@contextmanager
def texture(target: Target) -> Iterator[Export]:
    """A folder with one atlas for each person, `person_01.png` …, and `people.json` about them."""
    with folder_beside(target.path) as folder, TemporaryDirectory() as waiting:
        atlases = Wardrobe(Path(waiting))

        def add(frame: Frame, prediction: Prediction) -> None:
            for rank, person in enumerate(prediction.people):
                atlas = atlases[person.number]
                atlas.add(frame.image, labels(prediction.of_person(rank), frame.size))
                atlas.seen.append(frame.index)

        yield add
        people = [
            _written(atlases[number], folder / f"person_{number:02d}.png")
            for number in atlases.numbers
        ]
        (folder / "people.json").write_text(json.dumps(people, indent=1), encoding="utf-8")


def _written(atlas: Atlas, path: Path) -> dict[str, Any]:
    """Write an atlas; what is to be known of it."""
    picture = atlas.picture()
    write_picture(path, picture)
    tiles = picture[..., 3].reshape(ROWS, TILE, COLUMNS, TILE).mean(axis=(1, 3)) / 255
    return {
        "file": path.name,
        "frames": len(atlas.seen),
        "first": atlas.seen[0],
        "last": atlas.seen[-1],
        "seen_of_part": {
            str(part): round(float(share), 4) for part, share in enumerate(tiles.T.flat, 1)
        },
    }


def draw_texture(image: np.ndarray, iuv: IUV, atlas: np.ndarray) -> np.ndarray:
    """Draw people with an atlas.

    Args:
        image: (H, W, 3) uint8 RGB: what stands behind, and where the atlas knows nothing of a part.
        iuv: labels, (H, W).
        atlas: (6·S, 4·S, 3 or 4) uint8 RGB or RGBA.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    side = atlas.shape[1] // COLUMNS
    x, y = atlas_position(np.maximum(iuv.part, 1), iuv.u, iuv.v, side)
    drawn = cv2.remap(atlas, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    known = _known_parts(atlas, side)[iuv.part]
    return np.where(known[..., None], drawn[..., :3], image)


def _known_parts(atlas: np.ndarray, side: int) -> np.ndarray:
    """(25,) bool: the parts of which an atlas shows anything."""
    if atlas.shape[2] == 3:
        return np.arange(PARTS) > 0
    tiles = atlas[..., 3].reshape(ROWS, side, COLUMNS, side).max(axis=(1, 3))
    return np.concatenate([[False], tiles.T.reshape(-1) > 0])


@contextmanager
def retexture(target: Target) -> Iterator[Export]:
    """The source with its people drawn in the colours of an atlas; its sound is kept."""
    atlas = read_atlas(target.texture)

    def picture(frame: Frame, prediction: Prediction) -> np.ndarray:
        return draw_texture(frame.image, labels(prediction, frame.size), atlas)

    if target.info.is_picture:
        with target.frames(".png") as place:
            yield lambda frame, prediction: write_picture(place(frame), picture(frame, prediction))
        return
    info = target.info
    with VideoWriter(
        target.path,
        info,
        (info.height, info.width),
        copy_from=info.path,
        start=target.start,
        end=target.end,
        overwrite=target.overwrite,
    ) as video:

        def write(frame: Frame, prediction: Prediction) -> None:
            drawn = picture(frame, prediction)
            video.write(drawn, frame.pts, frame.time_base, frame.duration)

        yield write
    target.warnings.extend(video.warnings)


def read_atlas(path: Path | None) -> np.ndarray:
    """(6·S, 4·S, 4) uint8 RGBA, or 3 channels where the file has no alpha.

    Raises:
        InputError: none is given, or it is no atlas.
    """
    if path is None:
        raise InputError(
            "no atlas is given: use `ddp-video export --to retexture --texture person_01.png`; "
            "--to texture makes one"
        )
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
    if image is None:
        raise InputError(f"{path}: no picture that can be read: name an atlas from --to texture")
    height, width = image.shape[:2]
    if image.dtype != np.uint8:
        raise InputError(f"{path} has more than 8 bits a colour: save it with 8")
    if image.ndim != 3 or height % ROWS or height * COLUMNS != width * ROWS:
        raise InputError(
            f"{path} is {width}×{height}: an atlas has {COLUMNS}×{ROWS} square tiles in colour, "
            "800×1200 for example"
        )
    order = cv2.COLOR_BGRA2RGBA if image.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return cv2.cvtColor(image, order)
