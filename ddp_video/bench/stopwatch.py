"""Time, memory and the machine's own limits."""

import statistics
import sys
import time
from collections.abc import Callable, Mapping

import torch

_PRODUCT = 1024  # side of the matrices of the measured product
_COPY = 64 << 20  # bytes of the measured copy: more than a cache holds


def interleaved(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each piece of work, one round of all after the other.

    What else the machine does then falls on all alike. One round before them warms up.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            begun = time.perf_counter()
            work()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if turn:
                seconds[name].append(time.perf_counter() - begun)
    return {name: statistics.median(each) for name, each in seconds.items()}


def peak_memory() -> float | None:
    """The most memory that this process ever held, MiB; None on Windows, which does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 if sys.platform != "darwin" else 1024**2)


def product_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of a matrix product, a multiplication and an addition counted as two."""
    a = torch.randn(_PRODUCT, _PRODUCT, device=device).to(dtype)
    seconds = interleaved({"product": lambda: a @ a}, rounds=10)["product"]
    return 2 * _PRODUCT**3 / seconds


def bandwidth(device: torch.device) -> float:
    """Bytes a second that a copy reads and writes."""
    a = torch.ones(_COPY, dtype=torch.uint8, device=device)
    b = torch.empty_like(a)
    return 2 * _COPY / interleaved({"copy": lambda: b.copy_(a)}, rounds=10)["copy"]
