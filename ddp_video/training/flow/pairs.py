"""From a stock and rendered clips to batches; pair k depends on the seed and on k alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from .draws import PairSettings, draw_layers, draw_shifted, one_of, photographed
from .layers import Pair, draw
from .rendered import RenderedPair, cropped
from .stock import Stock


@dataclass(frozen=True)
class FlowStreamSettings:
    """What the stream is made of.

    Attributes:
        size: (H, W) of the pictures.
        seed: of everything random.
        motion: largest motion in pixels, at the first pair and from pair `curriculum` on.
        shifted: share of photos that move as a whole, at the first pair and from `curriculum` on:
            without them the network long answers that nothing moves.
        curriculum: over so many pairs these change.
        rendered: share of pairs from rendered clips, where there are any.
        pairs: how layered pairs vary.
    """

    size: tuple[int, int]
    seed: int = 0
    motion: tuple[float, float] = (4.0, 24.0)
    shifted: tuple[float, float] = (1.0, 0.1)
    curriculum: int = 10_000
    rendered: float = 0.25
    pairs: PairSettings = field(default_factory=PairSettings)

    def reach(self, k: int) -> float:
        """Largest motion of pair k."""
        return self._grown(k, *self.motion)

    def shifted_share(self, k: int) -> float:
        """Probability that pair k is a photo that moves as a whole."""
        return self._grown(k, *self.shifted)

    def _grown(self, k: int, first: float, last: float) -> float:
        return first + min(1.0, k / max(1, self.curriculum)) * (last - first)


@dataclass(frozen=True)
class FlowExample:
    """One pair: (H, W, 3) uint8 RGB twice, (H, W, 2) flow in pixels, (H, W) where it is known."""

    first: np.ndarray
    second: np.ndarray
    flow: np.ndarray
    valid: np.ndarray


@dataclass(frozen=True)
class FlowBatch:
    """Pairs for the network.

    Attributes:
        first: (B, 3, H, W) uint8 RGB.
        second: the same.
        flow: (B, 2, H, W) float32, first → second, x then y, in pixels.
        valid: (B, H, W) bool, where it is known.
    """

    first: Tensor
    second: Tensor
    flow: Tensor
    valid: Tensor

    def to(self, device: torch.device) -> "FlowBatch":
        """The same on a device."""
        parts = (self.first, self.second, self.flow, self.valid)
        return FlowBatch(*(part.to(device, non_blocking=True) for part in parts))

    def pin_memory(self) -> "FlowBatch":
        """The same in page-locked memory."""
        parts = (self.first, self.second, self.flow, self.valid)
        return FlowBatch(*(part.pin_memory() for part in parts))


class FlowStream(Dataset[FlowExample]):
    """An endless list of pairs: stream[k] depends on stock, clips, settings and k alone.

    Args:
        stock: of the layered pairs.
        settings: what the stream is made of.
        rendered: pairs of rendered frames.
    """

    def __init__(
        self, stock: Stock, settings: FlowStreamSettings, rendered: Sequence[RenderedPair] = ()
    ) -> None:
        self.stock, self.settings, self.rendered = stock, settings, rendered

    def __len__(self) -> int:
        """Endless for all purposes."""
        return 2**62

    def pair(self, k: int) -> tuple[Pair, np.random.Generator]:
        """Pair k before cameras spoil it, and what decides on the rest of it."""
        made, rng = self.settings, np.random.default_rng([self.settings.seed, k])
        if len(self.rendered) and rng.random() < made.rendered:
            return cropped(rng, one_of(rng, self.rendered), made.size), rng
        if rng.random() < made.shifted_share(k):
            layers = draw_shifted(rng, self.stock, made.size, made.reach(k))
        else:
            layers = draw_layers(rng, self.stock, made.size, made.reach(k), made.pairs)
        return draw(layers, made.size), rng

    def __getitem__(self, k: int) -> FlowExample:
        """Make pair k."""
        pair, rng = self.pair(k)
        return FlowExample(*photographed(rng, pair, self.settings.pairs), pair.flow, pair.valid)


def collate(examples: Sequence[FlowExample]) -> FlowBatch:
    """Examples to one batch."""

    def stacked(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(example, name) for example in examples]))

    first, second, flow = (
        stacked(name).permute(0, 3, 1, 2).contiguous() for name in ("first", "second", "flow")
    )
    return FlowBatch(first, second, flow, stacked("valid"))
