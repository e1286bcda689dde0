"""What is rendered: pictures and clips of people."""

from dataclasses import dataclass
from pathlib import Path

SHARD = 100  # rendered pictures that share a folder, and what they are made of


@dataclass(frozen=True)
class PictureSettings:
    """Rendered pictures of people; together with a seed and a number they say every byte.

    Attributes:
        size: side of the pictures in pixels.
        people: fewest and most people in a picture.
        assets: folder of MakeHuman clothes, shoes, hair and skins; None: clothes of our own.
        backgrounds: folder of photos without people; None: rooms, streets and studios of our own.
        motion: folder of motion capture; None: poses of our own.
        landmarks: table of people's 3-D landmarks in photos; None: none of their poses.
        behind: share of people who turn their back to the camera.
        looking_back: share of people whose head is turned over a shoulder, besides those whose
            posture has it so.
        gesturing: share of people whose hands are before the trunk or beside the face.
        points: also write points as DensePose-COCO's annotators clicked them.
        looks: table of the looks of people in photos; None: none of their clothes.
        in_looks: share of people who wear one of these, where there are some.
    """

    size: int = 512
    people: tuple[int, int] = (1, 6)
    assets: Path | None = None
    backgrounds: Path | None = None
    motion: Path | None = None
    landmarks: Path | None = None
    behind: float = 0.35
    looking_back: float = 0.0
    gesturing: float = 0.0
    points: bool = False
    looks: Path | None = None
    in_looks: float = 0.3


@dataclass(frozen=True)
class ClipSettings:
    """Rendered clips of moving people before a moving camera.

    Attributes:
        size: height and width in pixels.
        seconds: how long.
        rate: frames a second.
        people: fewest and most people in a clip.
        assets: folder of MakeHuman clothes, shoes, hair and skins; None: clothes of our own.
        motion: folder of motion capture; None: walks of our own.
        looks: table of the looks of people in photos; None: none of their clothes.
        in_looks: share of people who wear one of these, where there are some.
    """

    size: tuple[int, int] = (360, 640)
    seconds: float = 4.0
    rate: int = 24
    people: tuple[int, int] = (1, 3)
    assets: Path | None = None
    motion: Path | None = None
    looks: Path | None = None
    in_looks: float = 0.3

    @property
    def frames(self) -> int:
        """Number of frames."""
        return round(self.seconds * self.rate)


@dataclass(frozen=True)
class LookSettings:
    """Which people of labelled photos lend their looks to rendered ones, and how finely.

    Attributes:
        height: pixels that somebody must be high.
        weight: least weight of somebody's labels, 0..1.
        seen: least share of the body's surface that is seen, or whose other side is.
        sharpness: least share of the strength of edges that is lost by blurring.
        tile: side of an atlas's 24 tiles in texels: 128 give a torso some 5 mm a texel.
    """

    height: int = 240
    weight: float = 0.8
    seen: float = 0.25
    sharpness: float = 0.3
    tile: int = 128
