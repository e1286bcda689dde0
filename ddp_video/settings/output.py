"""What is drawn, written, handed to other tools and reported."""

from dataclasses import dataclass
from typing import Literal

View = Literal["contour", "iuv", "parts", "mask", "instances"]
People = tuple[int, ...] | Literal["all", "largest"]  # by number through the film, from 1
Background = Literal["video", "black", "transparent"]
Preset = Literal[
    "magicanimate",
    "controlnet-seg",
    "controlnet-parula",
    "viton-hd",
    "idm-vton",
    "catvton",
    "dreampose",
    "iuv-png",
    "iuv-video",
    "part-png",
    "coco-json",
    "detectron2",
    "npz",
    "texture",
    "retexture",
]


@dataclass(frozen=True)
class RenderSettings:
    """What is drawn.

    Attributes:
        view: contour (isocontours of U and V), iuv (I, 255·U, 255·V), parts (24 colours), mask,
            instances (a colour and the number of each person).
        background: what is behind the people.
        levels: number of isocontour levels between 0 and 1, ends included.
    """

    view: View = "contour"
    background: Background = "video"
    levels: int = 10


@dataclass(frozen=True)
class EncodeSettings:
    """How the video is written.

    Attributes:
        codec: h264 (yuv420p, plays everywhere) or ffv1 (lossless, for labels).
        crf: H.264 quality, 0 (best) .. 51.
        preset: H.264 speed preset.
        matrix: colour matrix of H.264. Readers that ignore what a file says take bt601.
        keyframe_every: at most this many frames from one key frame to the next, which players seek
            from; None: as the encoder likes.
    """

    codec: Literal["h264", "ffv1"] = "h264"
    crf: int = 18
    preset: str = "veryfast"
    matrix: Literal["bt709", "bt601"] = "bt709"
    keyframe_every: int | None = None


@dataclass(frozen=True)
class ReportSettings:
    """The HTML report.

    Attributes:
        max_side: bound on the long side of the video inside, pixels.
        crf: its H.264 quality, 0 (best) .. 51.
        clips: at most this many clips in the blind study (the paper's has 11 videos).
        seed: of the clips' order, and of which side stands left.
    """

    max_side: int = 960
    crf: int = 26
    clips: int = 11
    seed: int = 0
