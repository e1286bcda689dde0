"""Everything that `ddp-video bench` measures, as plain numbers: seconds, bytes and ratios."""

import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.optical_flow import raft_small

from ..decode import FrameReader
from ..flow import DisFlow, RaftFlow, WindowFlow
from ..infer import Predictor, network_size
from ..network.device import autocast, choose_precision
from ..pipeline import Engines, RunSettings, load_engines, run
from ..settings import SmoothSettings
from ..types import Frame
from ..weights import load_network, resolve
from .naive import (
    Pair,
    PairByPair,
    PlainNetwork,
    PlainPredictions,
    dis_pair,
    each_pair,
    raft_pair,
)
from .scenes import crowd, cut_out
from .stopwatch import bandwidth, interleaved, peak_memory, product_rate

# Table 2 and Sec. 6.2 of the paper: ResNet-50 on one GPU of 2021, DensePose-COCO's pictures. Its
# Fig. 4 (time by number of people) is a plot without figures.
PAPER = {"sparse": 0.234, "dense": 0.380, "full model": 0.209}
PEOPLE = (1, 2, 5, 10, 20)
SHARES = (0.05, 0.1, 0.2, 0.4, 0.8)
SIZES = (0.5, 1.0, 2.0)


@dataclass(frozen=True)
class BenchSettings:
    """What is measured, and how often.

    Attributes:
        run: devices, thresholds, flow.
        weights: a name of the manifest, a file, or None for the default.
        frames: of the clip's beginning.
        rounds: times that everything is repeated, in turn.
        raft: whether RAFT is measured too; takes minutes on a CPU.
    """

    run: RunSettings = field(default_factory=RunSettings)
    weights: str | None = None
    frames: int = 24
    rounds: int = 3
    raft: bool = True


def bench(
    clip: Path, settings: BenchSettings, said: Callable[[str], object] = lambda _: None
) -> dict[str, Any]:
    """Measure.

    Args:
        clip: a video with people in it.
        settings: what, and how often.
        said: told what is measured next.

    Returns:
        By section, numbers by name; seconds unless the name says otherwise.

    Raises:
        VideoError, InputError, WeightsError: as `run`.
    """
    with FrameReader(clip) as reader:
        frames = list(islice(reader, settings.frames))
    network = load_network(resolve(settings.weights))
    predictor = Predictor(network, settings.run.infer).for_film(frames)
    plain = PlainNetwork(network, predictor)
    found: dict[str, Any] = {"machine": _machine(predictor), "clip": _facts(frames)}
    for name, section in (
        ("stages", lambda: _stages(clip, settings)),
        ("against the plain way", lambda: _ratios(frames, predictor, plain, settings)),
        ("the whole job", lambda: _whole_job(clip, len(frames), predictor, plain, settings)),
        ("people", lambda: _people(frames, predictor, plain, settings)),
        ("the paper, one GPU", lambda: dict(PAPER)),
        ("coverage", lambda: _coverage(frames, predictor, plain, settings)),
        ("size", lambda: _sizes(frames, predictor, settings)),
        ("roofline", lambda: _roofline(frames, predictor, plain, settings)),
    ):
        said(name)
        found[name] = section()
    return found


def _machine(predictor: Predictor) -> dict[str, Any]:
    usable = getattr(os, "sched_getaffinity", None)
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": len(usable(0)) if usable else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        **predictor.description,
    }


def _facts(frames: Sequence[Frame]) -> dict[str, Any]:
    height, width = frames[0].size
    return {"frames": len(frames), "width": width, "height": height}


def _stages(clip: Path, settings: BenchSettings) -> dict[str, Any]:
    """The whole way, then four times as long: seconds by stage and frames a second; memory."""
    run_settings = replace(settings.run, overwrite=True)
    engines = load_engines(settings.weights, run_settings)
    span = _span(clip, settings.frames)
    out: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, times in (("warm-up", Fraction(1, 4)), ("once", 1), ("four times", 4)):
            end = span * times
            cpu = time.process_time()
            report = run(clip, Path(folder), engines, replace(run_settings, end=end))
            cpu = time.process_time() - cpu
            out[name] = {
                "frames": report.frames,
                "frames a second": report.frames / report.seconds["total"],
                "CPU seconds a frame": cpu / report.frames,
                **report.seconds,
            }
            if (peak := peak_memory()) is not None:
                out[name]["peak MiB"] = peak
    return out


def _span(clip: Path, frames: int) -> Fraction:
    """Seconds that so many frames of a clip last."""
    with FrameReader(clip) as reader:
        return frames / (reader.info.rate or Fraction(25))


def _ratios(
    frames: Sequence[Frame], predictor: Predictor, plain: PlainNetwork, settings: BenchSettings
) -> dict[str, Any]:
    """Seconds a frame of network and flow, the plain way and this one, in turn."""
    few = frames[: min(len(frames), 8)]
    images, radius = [frame.image for frame in few], SmoothSettings.radius
    h, w = network_size(few[0].size, predictor.settings)
    grid = (h // 4, w // 4)
    works: dict[str, Callable[[], object]] = {
        "network, plain": lambda: [plain(frame) for frame in few],
        "network": lambda: list(predictor(iter(few))),
        "DIS, pair by pair": lambda: each_pair(dis_pair(), images, radius),
        "DIS": lambda: _slide(DisFlow(), images, radius, grid),
    }
    if settings.raft:
        raft = _raft(predictor)
        works["RAFT small, pair by pair"] = lambda: each_pair(raft_pair(raft), images, radius)
        works["RAFT small"] = lambda: _slide(raft, images, radius, grid)
    seconds = {n: s / len(few) for n, s in interleaved(works, settings.rounds).items()}
    ratios = {
        f"{new}: times faster": seconds[old] / seconds[new]
        for old, new in zip(list(works)[::2], list(works)[1::2], strict=True)
    }
    for engine in [name for name in ("DIS", "RAFT small") if name in seconds]:
        old = seconds["network, plain"] + seconds[f"{engine}, pair by pair"]
        ratios[f"network + {engine}: times faster"] = old / (seconds["network"] + seconds[engine])
    return seconds | ratios


def _raft(predictor: Predictor) -> RaftFlow:
    """RAFT small as `make_flow` has it; its time needs no training."""
    torch.manual_seed(0)
    dtype = choose_precision(predictor.device, "auto")
    return RaftFlow(raft_small(weights=None), predictor.device, dtype=dtype)


def _whole_job(
    clip: Path, frames: int, predictor: Predictor, plain: PlainNetwork, settings: BenchSettings
) -> dict[str, Any]:
    """Seconds a frame from the video to the video, the plain way and by `run`, in turn.

    The plain way has network and flows as above, and no stage runs beside another; smoothing,
    drawing, measuring and encoding are the same.
    """
    how = replace(settings.run, overwrite=True, end=_span(clip, settings.frames))
    plainly: dict[str, Engines] = {}
    ours: dict[str, Engines] = {}

    def add(name: str, pair: Pair, engine: WindowFlow) -> None:
        plainly[name] = Engines(PlainPredictions(plain), PairByPair(pair), {})
        ours[name] = Engines(predictor, engine, {})

    add("DIS", dis_pair(), DisFlow())
    if settings.raft:
        raft = _raft(predictor)
        add("RAFT small", raft_pair(raft), raft)
    with tempfile.TemporaryDirectory() as folder:
        works: dict[str, Callable[[], object]] = {}
        for name in ours:
            works[f"{name}, the plain way"] = lambda name=name: run(
                clip, Path(folder), plainly[name], how, overlap=False
            )
            works[name] = lambda name=name: run(clip, Path(folder), ours[name], how)
        seconds = interleaved(works, settings.rounds)
    found = {name: each / frames for name, each in seconds.items()}
    for name in ours:
        found[f"{name}: frames a second"] = 1 / found[name]
        found[f"{name}: times faster"] = found[f"{name}, the plain way"] / found[name]
    return found


def _slide(
    engine: WindowFlow, images: Sequence[np.ndarray], radius: int, grid: tuple[int, int]
) -> None:
    for t in range(len(images)):
        first = max(0, t - radius)
        engine.flows(images[first : t + radius + 1], t - first, grid)


def _people(
    frames: Sequence[Frame], predictor: Predictor, plain: PlainNetwork, settings: BenchSettings
) -> dict[str, Any]:
    """Seconds a picture by number of people who together cover the same share of it (Fig. 4)."""
    person = cut_out(predictor, list(frames[:4]))
    scenes = {count: crowd(person, count, frames[0]) for count in PEOPLE}
    return _of_scenes(scenes, predictor, plain, settings)


def _coverage(
    frames: Sequence[Frame], predictor: Predictor, plain: PlainNetwork, settings: BenchSettings
) -> dict[str, Any]:
    """Seconds a picture by the share of it that two people cover."""
    person = cut_out(predictor, list(frames[:4]))
    scenes = {share: crowd(person, 2, frames[0], share) for share in SHARES}
    return _of_scenes(scenes, predictor, plain, settings)


def _of_scenes(
    scenes: dict[Any, Frame], predictor: Predictor, plain: PlainNetwork, settings: BenchSettings
) -> dict[str, Any]:
    works: dict[str, Callable[[], object]] = {}
    for name, scene in scenes.items():
        works[f"{name}"] = lambda scene=scene: predictor.predict(scene)
        works[f"{name} plain"] = lambda scene=scene: plain(scene)
    seconds = interleaved(works, max(settings.rounds, 5))
    answers = {name: predictor.predict(scene) for name, scene in scenes.items()}
    return {
        f"{name}": {
            "found": len(answer.people),
            "covered": float(answer.coverage.mean()),
            "seconds": seconds[f"{name}"],
            "plain": seconds[f"{name} plain"],
        }
        for name, answer in answers.items()
    }


def _sizes(
    frames: Sequence[Frame], predictor: Predictor, settings: BenchSettings
) -> dict[str, Any]:
    """Seconds a picture of other sizes; the network sees all of them at the size of its settings.

    And twice as large for the network too, which is a setting (`short_side`).
    """
    works: dict[str, Callable[[], object]] = {}
    for times in SIZES:
        image = cv2.resize(frames[0].image, None, fx=times, fy=times)
        frame = replace(frames[0], image=image)
        works[f"{image.shape[1]}x{image.shape[0]}"] = lambda f=frame: predictor.predict(f)
    doubled = replace(predictor.settings, short_side=2 * predictor.settings.short_side)
    large = Predictor(load_network(resolve(settings.weights)), doubled)
    works[f"short side {doubled.short_side}"] = lambda: large.predict(frames[0])
    return interleaved(works, settings.rounds)


def _roofline(
    frames: Sequence[Frame], predictor: Predictor, plain: PlainNetwork, settings: BenchSettings
) -> dict[str, float]:
    """How near the network comes to the rate of a plain matrix product on this machine."""
    h, w = network_size(frames[0].size, predictor.settings)
    counter = FlopCounterMode(display=False)
    image = torch.zeros(1, 3, h, w, device=predictor.device)
    with counter, torch.inference_mode(), autocast(predictor.device, predictor.settings.precision):
        plain.network.look(image)
    rate = product_rate(predictor.device, predictor.dtype)
    work = {"network": lambda: predictor.predict(frames[0])}
    seconds = interleaved(work, max(settings.rounds, 5))["network"]
    operations = counter.get_total_flops()
    return {
        "product, Gop/s": rate / 1e9,
        "copy, GB/s": bandwidth(predictor.device) / 1e9,
        "network without its sparse head, Gop": operations / 1e9,
        "network, seconds a frame": seconds,
        "share of the product's rate": operations / seconds / rate,
    }
