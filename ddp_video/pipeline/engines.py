"""What is loaded once and then serves every input: the network and the optical flow."""

import ctypes
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from ..errors import InputError
from ..flow import make_flow
from ..infer import Predictor
from ..network.device import choose_device
from ..types import Frame, Person, Prediction, TwoWayFlow
from ..weights import load_network, resolve, sha256_of
from .outputs import RunSettings
from .sources import Input


class PredictionSource(Protocol):
    """Gives every frame its prediction: the network, or predictions that were stored."""

    @property
    def description(self) -> Mapping[str, Any]:
        """What computes, for the record: device, precision."""
        ...

    def __call__(
        self, frames: Iterable[Frame], before: Sequence[Person] = ()
    ) -> Iterator[tuple[Frame, Prediction]]:
        """The same frames in the same order, each with its prediction.

        Args:
            frames: of a film.
            before: who was there before the first of them.
        """
        ...


@dataclass(frozen=True)
class Engines:
    """What is loaded once and then serves every input.

    Attributes:
        predictor: gives predictions; None where all of them are stored already.
        estimator: gives flows; None where every radius is 0.
        facts: what they are, for the record: weights and sha256, device, flow.
    """

    predictor: PredictionSource | None
    estimator: TwoWayFlow | None
    facts: Mapping[str, Any]

    def network(self) -> PredictionSource:
        """The predictor, where one is needed.

        Raises:
            InputError: none was loaded.
        """
        if self.predictor is None:
            raise InputError("no network is loaded: give stored predictions (.ddp), or load one")
        return self.predictor


def load_engines(
    weights: str | Path | None, settings: RunSettings, *, network: bool = True
) -> Engines:
    """Load the network and the flow engine that the settings ask for.

    Args:
        weights: a name of the manifest, a file, or None for the default.
        settings: devices, thresholds, flow.
        network: False where all inputs are stored predictions.

    Raises:
        WeightsError: weights of the network or of the flow that cannot be used.
        InputError: a device that this machine does not have.
    """
    predictor, estimator, facts = None, None, {}
    keep_freed_memory()
    device = choose_device(settings.infer.device)
    if network:
        chosen = resolve(weights)
        predictor = Predictor(load_network(chosen), settings.infer)
        facts["weights"] = {"name": chosen.name, "sha256": sha256_of(chosen.path)}
        facts["inference"] = dict(predictor.description)
    facts["flow"] = "not needed for radius 0"
    if max(settings.radii, default=0) > 0:
        estimator, facts["flow"] = make_flow(settings.flow, device)
    return Engines(predictor, estimator, facts)


def suited(engines: Engines, settings: RunSettings, given: Input) -> tuple[Engines, RunSettings]:
    """The network at the size that suits a source (`nearness.py`), and settings that say so.

    Args:
        engines: from `load_engines`.
        settings: those that they were loaded with.
        given: the source; where its predictions are stored nothing is looked at.
    """
    predictor = engines.predictor
    if given.stored is not None or not isinstance(predictor, Predictor):
        return engines, settings
    predictor = predictor.for_film(given.reader.samples())
    return replace(engines, predictor=predictor), replace(settings, infer=predictor.settings)


# glibc's names for what it does with freed memory (malloc.h), and the largest values it takes
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def keep_freed_memory() -> None:
    """Tell glibc to keep what is freed for the next frame instead of giving it back.

    Every frame needs the same megabytes again. Given back, they come anew from the system page by
    page, each filled with zeros: a sixth of the network's time. One arena for all threads, lest
    each keep as much. Does nothing where the C library is another one.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        mallopt(_M_TRIM_THRESHOLD, 1 << 30)
        mallopt(_M_ARENA_MAX, 1)
