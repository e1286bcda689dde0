"""Optical flow t -> t±k between the frames of a window: RAFT (torchvision) or DIS (OpenCV).

Dims: H W = the frame, f g = height and width at which the flow is estimated, h w = the logit grid.
All three cover exactly the whole picture (`align_corners=False`: pixel x is the cell [x-.5, x+.5]),
so going from one to another multiplies a displacement by the ratio of the sides and nothing else.
"""

import http.client
import pickle
import struct
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import cv2
import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor
from torchvision.models.optical_flow import (
    RAFT,
    Raft_Large_Weights,
    Raft_Small_Weights,
    raft_large,
    raft_small,
)
from torchvision.models.optical_flow._utils import upsample_flow

from .errors import ShapeError, WeightsError
from .settings import FlowSettings
from .types import FlowEstimator

_RAFT = {
    "raft-large": (raft_large, Raft_Large_Weights.DEFAULT.url),
    "raft-small": (raft_small, Raft_Small_Weights.DEFAULT.url),
}
# raft_small has no learnt upsampling: the key that tells the two files apart.
_ONLY_IN_LARGE = "mask_predictor.conv.weight"
# A pair's correlation volume is 70 MB at 640x360, 220 MB at 640x640.
_PAIRS_AT_ONCE = 4

# What safetensors and torch.load raise on damaged or foreign files; the latter's old format runs
# whatever the bytes spell on a small stack machine, hence the second line.
_UNREADABLE = (
    *(safetensors.SafetensorError, pickle.UnpicklingError, RuntimeError, OSError, EOFError),
    *(LookupError, ValueError, TypeError, AttributeError, struct.error),
)

Prepared = TypeVar("Prepared")


class WindowFlow(ABC, Generic[Prepared]):
    """What the engines share: sizes, units, and each frame of the window prepared once.

    The interface has no state to see: what was derived from a frame (its grey picture, its feature
    maps) is kept as long as the same array stands in the window of the latest call, so that a
    window sliding by one frame prepares one frame. Memory is bounded by one window.
    """

    minimum_side = 1
    multiple = 1

    def __init__(self, max_side: int = FlowSettings.max_side) -> None:
        """Set the longest side, in pixels, at which the flow is estimated."""
        self.max_side = max_side
        # by id(array); the array is held beside, so that its id cannot pass to another one
        self._kept: dict[int, tuple[np.ndarray, tuple[slice, slice], Prepared]] = {}

    @abstractmethod
    def _prepare(self, pixels: np.ndarray) -> Prepared:
        """Compute what is needed of one frame in every pair."""

    @abstractmethod
    def _estimate(self, present: Prepared, others: Sequence[Prepared]) -> list[np.ndarray]:
        """Flow from the present to each of the others, (f, g, 2) float32, in its own pixels."""

    def flows(
        self, window: Sequence[np.ndarray], centre: int, grid: tuple[int, int]
    ) -> dict[int, Tensor]:
        """Estimate the flow from one frame of a window to every other, as `FlowEstimator` says.

        The tensors are on the CPU, whatever the engine's device.

        Raises:
            ShapeError: the frames are not of one size, or the centre is not in the window.
        """
        if not 0 <= centre < len(window):
            raise ShapeError(f"the window has {len(window)} frames, none at position {centre}")
        if len(sizes := {image.shape for image in window}) > 1:
            raise ShapeError(f"the frames of a window must be of one size, not {sorted(sizes)}")
        kept = {id(image): self._kept.get(id(image)) or self._look(image) for image in window}
        self._kept = kept
        offsets = [j - centre for j in range(len(window)) if j != centre]
        _, inside, present = kept[id(window[centre])]
        flows = self._estimate(present, [kept[id(window[centre + k])][2] for k in offsets])
        return {k: to_grid(flow[inside], grid) for k, flow in zip(offsets, flows, strict=True)}

    def _look(self, image: np.ndarray) -> tuple[np.ndarray, tuple[slice, slice], Prepared]:
        pixels, inside = _canvas(image, self.max_side, self.minimum_side, self.multiple)
        return image, inside, self._prepare(pixels)


class DisFlow(WindowFlow[np.ndarray]):
    """OpenCV's DIS (Kroeger et al., ECCV 2016), preset medium: no weights, quick on a CPU."""

    minimum_side = 16  # below 12 pixels OpenCV refuses

    def __init__(self, max_side: int = FlowSettings.max_side) -> None:
        """Set the longest side, in pixels, at which the flow is estimated."""
        super().__init__(max_side)
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def _prepare(self, pixels: np.ndarray) -> np.ndarray:
        return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)

    def _estimate(self, present: np.ndarray, others: Sequence[np.ndarray]) -> list[np.ndarray]:
        # None: a flow array passed in would be taken as the starting point
        return [self._dis.calc(present, other, None) for other in others]  # type: ignore[call-overload]


@dataclass(frozen=True)
class _Encoded:
    """What RAFT needs of one frame: `image_13FG` in -1..1, and its `features_1CFG` at 1/8."""

    image_13FG: Tensor
    features_1CFG: Tensor


class RaftFlow(WindowFlow[_Encoded]):
    """RAFT (Teed and Deng, ECCV 2020) in torchvision's implementation.

    torchvision's own `forward` takes two pictures and encodes both; here the same parts are called
    so that every frame is encoded once, whatever the number of pairs it stands in.
    """

    minimum_side = 128  # four halvings of the 1/8 map
    multiple = 8

    def __init__(
        self,
        model: RAFT,
        device: torch.device | str = "cpu",
        max_side: int = FlowSettings.max_side,
        updates: int = FlowSettings.updates,
    ) -> None:
        """Take a model with its weights in; `updates` is the number of recurrent updates."""
        super().__init__(max_side)
        self.device = torch.device(device)
        self.model = model.to(self.device).eval().requires_grad_(False)
        self.updates = updates

    @torch.no_grad()
    def _prepare(self, pixels: np.ndarray) -> _Encoded:
        image_3FG = torch.from_numpy(pixels).to(self.device).permute(2, 0, 1)
        image_13FG = image_3FG[None].float() / 127.5 - 1
        return _Encoded(image_13FG, self.model.feature_encoder(image_13FG))

    def _estimate(self, present: _Encoded, others: Sequence[_Encoded]) -> list[np.ndarray]:
        flows: list[np.ndarray] = []
        for first in range(0, len(others), _PAIRS_AT_ONCE):
            flow_B2FG = self._pairs(present, others[first : first + _PAIRS_AT_ONCE])
            flows.extend(flow_B2FG.permute(0, 2, 3, 1).cpu().numpy())
        return flows

    @torch.no_grad()
    def _pairs(self, present: _Encoded, others: Sequence[_Encoded]) -> Tensor:
        """RAFT's forward on a batch of pairs with one first picture; the last update only."""
        raft, pairs = self.model, len(others)
        features_BCFG = torch.cat([other.features_1CFG for other in others])
        raft.corr_block.build_pyramid(present.features_1CFG.expand_as(features_BCFG), features_BCFG)
        context = raft.context_encoder(present.image_13FG).expand(pairs, -1, -1, -1)
        hidden = torch.tanh(context[:, : raft.update_block.hidden_state_size])
        context = torch.relu(context[:, raft.update_block.hidden_state_size :])
        start_B2FG = _cell_positions(features_BCFG)
        position_B2FG = start_B2FG
        for _ in range(self.updates):
            correlation = raft.corr_block.index_pyramid(centroids_coords=position_B2FG)
            moved = position_B2FG - start_B2FG
            hidden, delta = raft.update_block(hidden, context, correlation, moved)
            position_B2FG = position_B2FG + delta
        raft.corr_block.corr_pyramid = []  # else the next window's volume stands beside this one
        mask = None if raft.mask_predictor is None else raft.mask_predictor(hidden)
        return upsample_flow(position_B2FG - start_B2FG, mask)


def make_flow(
    settings: FlowSettings, device: torch.device | str = "cpu"
) -> tuple[FlowEstimator, str]:
    """Choose and load the flow engine.

    `auto` takes RAFT where its weights are at hand (the file of the settings, or torchvision's
    cache) and never waits for a network; a RAFT asked for by name is downloaded where it is not.

    Args:
        settings: engine, weights file, sizes.
        device: where RAFT computes; DIS always uses the CPU.

    Returns:
        The engine, and one line that says what was chosen and why.

    Raises:
        WeightsError: the weights are missing, damaged, of another network, or cannot be fetched.
    """
    if settings.engine == "dis":
        return DisFlow(settings.max_side), "DIS, as asked for"
    names = _names(settings, torch.device(device))
    found = _at_hand(settings, names)
    if found is None and settings.engine == "auto":
        note = "DIS, since no RAFT weights are at hand (--flow raft-small would fetch them)"
        return DisFlow(settings.max_side), note
    path = found or _download(names[0])
    name, model = load_raft(path, names)
    engine = RaftFlow(model, device, settings.max_side, settings.updates)
    return engine, f"{name.upper().replace('-', ' ')}, weights from {path}"


def missing_weights(settings: FlowSettings, device: torch.device | str = "cpu") -> str | None:
    """The RAFT whose weights `make_flow` would download; None where it asks no network."""
    if settings.engine in ("auto", "dis"):
        return None
    names = _names(settings, torch.device(device))
    return None if _at_hand(settings, names) else names[0]


def load_raft(path: Path, names: Sequence[str] = tuple(_RAFT)) -> tuple[str, RAFT]:
    """Read RAFT weights in torchvision's layout.

    Args:
        path: a safetensors file, or a state dict saved by `torch.save`.
        names: the networks that will do, of raft-large and raft-small.

    Returns:
        Which network they are for, and that network.

    Raises:
        WeightsError: the file is missing, damaged or for another network.
    """
    state = _state(path)
    name = "raft-large" if _ONLY_IN_LARGE in state else "raft-small"
    model = _RAFT[name][0](weights=None)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(
            f"{path} holds no RAFT in torchvision's layout; give another file or use --flow dis"
        ) from error
    if name not in names:
        raise WeightsError(f"{path} holds {name} and not {names[0]}; use --flow {name}")
    return name, model


def to_grid(flow_FG2: np.ndarray, grid: tuple[int, int]) -> Tensor:
    """Bring a flow to another grid over the same picture, displacements in its pixels.

    Args:
        flow_FG2: (f, g, 2) float32 flow, x then y, in its own pixels.
        grid: (h, w).

    Returns:
        (2, h, w) float32: means over the cells where the grid is coarser, bilinear where finer.
    """
    (rows, columns), (h, w) = flow_FG2.shape[:2], grid
    flow_HW2 = _resize(flow_FG2, grid) * np.array([w / columns, h / rows], np.float32)
    return torch.from_numpy(np.ascontiguousarray(flow_HW2.transpose(2, 0, 1)))


def _resize(array: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Average along the axes that shrink, interpolate along those that grow; (h, w) cells."""
    h, w = size
    # two steps, for OpenCV averages only where no axis grows
    small = (min(w, array.shape[1]), min(h, array.shape[0]))
    array = cv2.resize(array, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(array, (w, h), interpolation=cv2.INTER_LINEAR)


def _canvas(
    image: np.ndarray, max_side: int, minimum: int, multiple: int
) -> tuple[np.ndarray, tuple[slice, slice]]:
    """Resize to the size of the estimation; repeat the edge as far as the engine's sides ask for.

    Returns the picture, and the slices (rows, columns) that cut that margin off.
    """
    height, width = image.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    f, g = (max(1, round(side * scale)) for side in (height, width))
    down, right = (max(minimum, -(-side // multiple) * multiple) - side for side in (f, g))
    top, left = down // 2, right // 2
    pixels = cv2.copyMakeBorder(
        _resize(image, (f, g)), top, down - top, left, right - left, cv2.BORDER_REPLICATE
    )
    return pixels, (slice(top, top + f), slice(left, left + g))


def _cell_positions(like_BCFG: Tensor) -> Tensor:
    """(B, 2, f, g): x, y of every cell."""
    batch, _, rows, columns = like_BCFG.shape
    y, x = torch.meshgrid(
        torch.arange(rows, dtype=torch.float32, device=like_BCFG.device),
        torch.arange(columns, dtype=torch.float32, device=like_BCFG.device),
        indexing="ij",
    )
    return torch.stack([x, y]).expand(batch, -1, -1, -1)


def _names(settings: FlowSettings, device: torch.device) -> list[str]:
    """The RAFTs that will do, the preferred one first: on a CPU the small one, 4 x quicker."""
    if settings.engine != "auto":
        return [settings.engine]
    return ["raft-small", "raft-large"] if device.type == "cpu" else ["raft-large", "raft-small"]


def _at_hand(settings: FlowSettings, names: Sequence[str]) -> Path | None:
    """The file of weights to use, without asking a network."""
    if settings.weights is not None:
        return Path(settings.weights)
    return next((path for name in names if (path := _cache_file(name)).is_file()), None)


def _cache_file(name: str) -> Path:
    """Where torchvision keeps these weights once it has downloaded them."""
    return Path(torch.hub.get_dir()) / "checkpoints" / _RAFT[name][1].rsplit("/", 1)[-1]


def _download(name: str) -> Path:
    path, url = _cache_file(name), _RAFT[name][1]
    sha256_start = path.stem.rsplit("-", 1)[-1]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), sha256_start, progress=False)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise WeightsError(
            f"cannot fetch the {name} weights ({reason}); put {url} at {path}, or use --flow dis"
        ) from error
    return path


def _state(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise WeightsError(f"no flow weights at {path}; give another file or use --flow dis")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise WeightsError(
            f"{path} cannot be read as flow weights; give another file or use --flow dis"
        ) from error
    if not isinstance(state, dict):
        raise WeightsError(f"{path} is no state dict; give another file or use --flow dis")
    return state
