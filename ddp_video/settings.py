"""The defaults, each in one place. Help texts derive from here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

MAX_RADIUS = 5
SHARD = 100  # rendered pictures that share a folder, and what they are made of

View = Literal["contour", "iuv", "parts", "mask"]
Background = Literal["video", "black", "transparent"]
FlowEngine = Literal["auto", "raft-large", "raft-small", "dis"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
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
class Architecture:
    """The network's shape; stored with the weights, so that a file says what it fits.

    Attributes:
        backbone: which trunk.
        width: MobileNetV2's width multiplier (ResNet-50 has one width).
        channels: of the feature pyramid and everything that follows.
        hidden: width of the sparse residual FCN.
        tower_depth: convolutions in each FCOS tower.
        level_bounds: upper bounds of the reach (pixels from a location to the farthest box side)
            that each pyramid level but the last is responsible for; levels start at stride 8.
        instance_norm: instance-aware normalisation; False normalises a picture's people together
            (w/o IAN).
        sparse: compute on people only; False computes on the whole grid (w/o Sparse).
    """

    backbone: Literal["mobilenet_v2", "resnet50"] = "mobilenet_v2"
    width: float = 1.5
    channels: int = 96
    hidden: int = 128
    tower_depth: int = 2
    level_bounds: tuple[int, ...] = (48, 96, 192)
    instance_norm: bool = True
    sparse: bool = True


PAPER_ARCHITECTURE = Architecture(
    backbone="resnet50",
    width=1.0,
    channels=256,
    hidden=256,
    tower_depth=4,
    level_bounds=(64, 128, 256, 512),
)


@dataclass(frozen=True)
class InferSettings:
    """How the network looks at a frame.

    Attributes:
        short_side: the frame's short side is brought to this many pixels, each side rounded to a
            multiple of 32.
        long_side: bound on the long side, for panoramas.
        threshold: a person needs at least this score.
        nms: whether people are compared by their instance masks or by their boxes.
        nms_iou: of two people who overlap by more than this IoU, the surer one stays.
        top_k: at most this many people a frame.
        device: where to compute.
        precision: number format of the network; auto takes bf16/fp16 where the device is good at
            it.
        sparse_backend: how the sparse head computes; auto chooses by device and measured coverage.
    """

    short_side: int = 288
    long_side: int = 1024
    threshold: float = 0.35
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
    max_side: int = 640
    updates: int = 12


@dataclass(frozen=True)
class SmoothSettings:
    """Temporal smoothing, Eqs. 5-6.

    Attributes:
        radius: r, neighbours on each side (0..5); all 2r+1 frames weigh the same (r = 2: α = 0.2
            each).
    """

    radius: int = 2


@dataclass(frozen=True)
class RenderSettings:
    """What is drawn.

    Attributes:
        view: contour (isocontours of U and V), iuv (I, 255·U, 255·V), parts (24 colours), mask.
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
    """

    codec: Literal["h264", "ffv1"] = "h264"
    crf: int = 18
    preset: str = "veryfast"
    matrix: Literal["bt709", "bt601"] = "bt709"


@dataclass(frozen=True)
class LossWeights:
    """The lambdas of Eqs. 8 and 9."""

    masks: float = 5.0
    uv: float = 10.0
    smooth: float = 1.0


@dataclass(frozen=True)
class TrainSettings:
    """One training run.

    Attributes:
        architecture: the network's shape.
        steps: optimiser steps.
        batch: pictures per step and process (accumulated over `accumulate` passes).
        accumulate: forward passes per optimiser step; each sees batch / accumulate pictures.
        size: side of the square training pictures.
        optimiser: sgd (paper) or adamw.
        rate: peak learning rate.
        backbone_rate: factor on the trunk's learning rate (it starts from trained weights).
        frozen_blocks: first blocks of the trunk that are not trained (MobileNetV2: 7 reach to 1/8
            scale; they take most of the time of a backward pass and gain least).
        weight_decay: decoupled for adamw, L2 for sgd.
        momentum: of sgd.
        warmup: steps of linear warm-up.
        milestones: steps at which the rate is divided by ten (paper); empty: constant, then linear
            decay.
        decay: share of the steps, at the end, over which the rate falls linearly to zero (no
            milestones).
        ema: decay of the averaged weights that are written out; 0 turns the average off.
        clip: bound on the gradient's norm; 0 turns it off.
        precision: number format of the forward pass; auto and fp16 take bf16 where the device is
            good at it, else fp32: gradients in fp16 would underflow.
        scenes: share of copy-paste scenes among the pictures.
        empty: share of backgrounds with nobody; too few, and pillows and plants become people.
        loss: weights of the loss terms.
        seed: of everything random.
        workers: loader processes.
        cache_mb: memory for decoded pictures.
        save_every: steps between checkpoints.
    """

    architecture: Architecture = Architecture()
    steps: int = 30_000
    batch: int = 8
    accumulate: int = 1
    size: int = 256
    optimiser: Literal["sgd", "adamw"] = "adamw"
    rate: float = 1e-3
    backbone_rate: float = 0.3
    frozen_blocks: int = 0
    weight_decay: float = 0.02
    momentum: float = 0.9
    warmup: int = 300
    milestones: tuple[int, ...] = ()
    decay: float = 0.35
    ema: float = 0.999
    clip: float = 5.0
    precision: Precision = "auto"
    scenes: float = 0.4
    empty: float = 0.15
    loss: LossWeights = LossWeights()
    seed: int = 0
    workers: int = 1
    cache_mb: int = 4096
    save_every: int = 250


PRESETS: dict[str, TrainSettings] = {
    "paper": TrainSettings(
        architecture=PAPER_ARCHITECTURE,
        steps=130_000,
        size=640,
        optimiser="sgd",
        rate=0.01,
        backbone_rate=1.0,
        weight_decay=1e-4,
        warmup=1000,
        milestones=(100_000, 120_000),
        ema=0.0,
        clip=0.0,
        scenes=0.0,
        empty=0.0,
    ),
    "house": TrainSettings(),
    "distil": TrainSettings(steps=3_650, warmup=200, ema=0.998, frozen_blocks=7),
}


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
        points: also write points as DensePose-COCO's annotators clicked them.
    """

    size: int = 512
    people: tuple[int, int] = (1, 6)
    assets: Path | None = None
    backgrounds: Path | None = None
    motion: Path | None = None
    landmarks: Path | None = None
    behind: float = 0.35
    points: bool = False


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
    """

    size: tuple[int, int] = (360, 640)
    seconds: float = 4.0
    rate: int = 24
    people: tuple[int, int] = (1, 3)
    assets: Path | None = None
    motion: Path | None = None
