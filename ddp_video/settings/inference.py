"""How the network looks at a frame, and how its predictions are joined over time."""

from dataclasses import dataclass
from typing import Literal

MAX_RADIUS = 5

FlowEngine = Literal["auto", "raft-large", "raft-small", "dis"]
SmoothMethod = Literal["robust", "paper"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]


@dataclass(frozen=True)
class InferSettings:
    """How the network looks at a frame.

    Attributes:
        short_side: the frame's short side is brought to this many pixels, each side rounded to a
            multiple of 32.
        long_side: bound on the long side, for panoramas.
        max_height: bound on the height, for upright pictures: the shipped weights were trained on
            pictures of 256 pixels, and people much taller than that come apart.
        near_side: where everybody is far, the network looks from nearer, with a short side of up to
            this many pixels (`nearness.py`); `short_side` or less: never.
        tall: and so near that the tallest person is about this many pixels high for it.
        threshold: a person needs at least this score.
        stay: share of the threshold that is enough, in a film, for who was there a frame ago.
        nms: whether people are compared by their instance masks or by their boxes.
        nms_iou: of two people who overlap by more than this IoU, the surer one stays.
        top_k: at most this many people a frame.
        device: where to compute.
        precision: number format of the network; auto takes bf16/fp16 where the device is good at
            it, and int8 for the large convolutions on CPUs that gain by it.
        sparse_backend: how the sparse head computes; auto chooses by device and measured coverage.
    """

    short_side: int = 288
    long_side: int = 1024
    max_height: int = 352
    near_side: int = 512
    tall: int = 200
    threshold: float = 0.5
    stay: float = 0.75
    nms: Literal["mask", "box"] = "mask"
    nms_iou: float = 0.5
    top_k: int = 50
    device: Device = "auto"
    precision: Precision = "auto"
    sparse_backend: Literal["auto", "dense", "gather", "spconv"] = "auto"


@dataclass(frozen=True)
class FlowSettings:
    """Which optical flow joins the frames.

    Attributes:
        engine: auto takes RAFT where its weights are at hand, else OpenCV's DIS.
        weights: a file of RAFT weights in torchvision's layout (safetensors or pth).
        max_side: frames are brought to at most this many pixels on the long side before the flow
            is estimated.
        updates: RAFT's recurrent updates.
    """

    engine: FlowEngine = "auto"
    weights: str | None = None
    max_side: int = 384
    updates: int = 12


@dataclass(frozen=True)
class SmoothSettings:
    """Temporal smoothing.

    Attributes:
        radius: r, neighbours on each side (0..5); all 2r+1 frames weigh the same (r = 2: α = 0.2
            each).
        method: robust doubts the flow and votes (smooth/robust.py); paper is Eqs. 5-6 as they
            stand. What follows belongs to robust.
        occlusion: neighbours count as far as flow there and back returns.
        likeness: neighbours count as far as they show the same colour.
        cuts: no averaging across a cut.
        agreement: U and V are averaged over frames whose U and V are near the present ones.
        doubt: where frames do not agree whether somebody is there, a bare majority is not enough.
        even: U and V are drawn a little towards those around.
        masks: people's masks are averaged along with them.
    """

    radius: int = 2
    method: SmoothMethod = "robust"
    occlusion: bool = True
    likeness: bool = True
    cuts: bool = True
    agreement: bool = True
    doubt: bool = True
    even: bool = True
    masks: bool = True
