"""How the networks are trained: dense pose and flow."""

from dataclasses import dataclass
from typing import Literal

from .architecture import HOUSE_ARCHITECTURE, PAPER_ARCHITECTURE, Architecture
from .inference import Precision


@dataclass(frozen=True)
class LossWeights:
    """The lambdas of Eqs. 8 and 9, and how dense labels are balanced.

    Attributes:
        masks: of both mask terms.
        uv: of U and V.
        smooth: of the smoothness term.
        even: how far the parts of a person weigh alike, 0..1: a cell of a part that has n of the
            person's cells weighs n^-even. Annotated points are spread over the parts as they are;
            with 0 dense labels are mostly trunk and legs.
    """

    masks: float = 5.0
    uv: float = 10.0
    smooth: float = 1.0
    even: float = 1 / 3


@dataclass(frozen=True)
class Schedule:
    """How any network is trained: what `training/loop.py` needs to know.

    Attributes:
        steps: optimiser steps.
        batch: examples per step and process (accumulated over `accumulate` passes).
        accumulate: forward passes per optimiser step; each sees batch / accumulate examples.
        optimiser: sgd (paper) or adamw.
        rate: peak learning rate.
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
        seed: of everything random.
        workers: loader processes.
        save_every: steps between checkpoints.
        keep_every: steps between weights that are kept as weights_STEP.safetensors; 0 keeps none.
    """

    steps: int = 30_000
    batch: int = 8
    accumulate: int = 1
    optimiser: Literal["sgd", "adamw"] = "adamw"
    rate: float = 1e-3
    weight_decay: float = 0.02
    momentum: float = 0.9
    warmup: int = 300
    milestones: tuple[int, ...] = ()
    decay: float = 0.35
    ema: float = 0.999
    clip: float = 5.0
    precision: Precision = "auto"
    seed: int = 0
    workers: int = 1
    save_every: int = 250
    keep_every: int = 0


@dataclass(frozen=True)
class TrainSettings(Schedule):
    """One training run of the dense-pose network.

    Attributes:
        architecture: the network's shape.
        size: side of the square training pictures.
        backbone_rate: factor on the trunk's learning rate (it starts from trained weights).
        frozen_blocks: first blocks of the trunk that are not trained (MobileNetV2: 7 reach to 1/8
            scale; they take most of the time of a backward pass and gain least).
        scenes: share of copy-paste scenes among the pictures.
        empty: share of backgrounds with nobody; too few, and pillows and plants become people.
        loss: weights of the loss terms.
        cache_mb: memory for decoded pictures.
    """

    architecture: Architecture = HOUSE_ARCHITECTURE
    size: int = 256
    backbone_rate: float = 0.3
    frozen_blocks: int = 0
    scenes: float = 0.4
    empty: float = 0.15
    loss: LossWeights = LossWeights()
    cache_mb: int = 4096


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
class FlowTrainSettings(Schedule):
    """One training run of RAFT.

    Attributes:
        network: raft-small or raft-large, torchvision's.
        size: height and width of the training pairs, multiples of 8 and at least 128.
        updates: recurrent updates; each one's flow is in the loss.
        gamma: how much less each earlier update counts (RAFT, Eq. 7).
        motion: largest motion in pixels, at first and after the curriculum.
        curriculum: steps over which it grows, and over which layers that move one over the other
            take the place of photos that move as a whole.
        rendered: share of pairs from rendered clips, where any are given.
    """

    network: Literal["raft-small", "raft-large"] = "raft-small"
    size: tuple[int, int] = (256, 320)
    updates: int = 10
    gamma: float = 0.8
    motion: tuple[float, float] = (24.0, 64.0)
    curriculum: int = 1_500
    rendered: float = 0.3
    steps: int = 20_000
    batch: int = 32
    rate: float = 4e-4
    weight_decay: float = 1e-4
    warmup: int = 500
    decay: float = 0.95
    clip: float = 1.0


FLOW_PRESETS: dict[str, FlowTrainSettings] = {
    "cpu": FlowTrainSettings(
        size=(128, 160), updates=4, motion=(20.0, 28.0), curriculum=400, steps=8_000, batch=4,
        rate=8e-4, warmup=50, ema=0.99,
    ),
    "gpu": FlowTrainSettings(workers=14),
    "gpu-large": FlowTrainSettings(
        network="raft-large", steps=60_000, batch=16, updates=12, workers=14
    ),
}  # fmt: skip
