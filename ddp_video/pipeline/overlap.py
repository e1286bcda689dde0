"""Stages that run at the same time, and the time that each takes."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import torch

T = TypeVar("T")
Progress = Callable[[int, int | None], None]  # frames done, and frames expected where known

AHEAD = 2  # frames that a stage may run ahead of the next one


def ahead(items: Iterator[T], depth: int, cores: int | None = None) -> Generator[T]:
    """Compute the next `depth` items in a thread of their own while the present one is used.

    Args:
        items: what is computed.
        depth: how many; 0 computes each item where it is asked for.
        cores: that torch uses in that thread; None for as many as elsewhere.
    """
    if depth == 0:
        yield from items
        return
    end: Any = object()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        if cores:
            pool.submit(torch.set_num_threads, cores)
        coming: deque[Future[T]] = deque(pool.submit(next, items, end) for _ in range(depth))
        try:
            while (item := coming.popleft().result()) is not end:
                coming.append(pool.submit(next, items, end))
                yield item
        finally:
            for future in coming:
                future.cancel()


def half_of_the_cores() -> int:
    """What smoothing leaves to inference, which runs beside it.

    On all of them RAFT waits for cores that are busy with the network: on two cores `run` took a
    fifth longer.
    """
    return max(1, torch.get_num_threads() // 2)


class Clock:
    """Wall time by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def watch(self, stage: str, items: Iterable[T]) -> Iterator[T]:
        """The same items; the time that each took to come is counted."""
        iterator = iter(items)
        end: Any = object()
        while True:
            with self.stage(stage):
                item = next(iterator, end)
            if item is end:
                return
            yield item

    @contextmanager
    def stage(self, stage: str) -> Iterator[None]:
        """Count the time inside the block."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begun

    def exclusive(self) -> dict[str, float]:
        """Seconds by stage, the time that a stage waited for the one before it taken off.

        Inference waits for decoding; smoothing waits for what it counts as "awaited".
        """
        seconds = dict(self.seconds)
        for stage, waiting in (("smooth", "awaited"), ("infer", "decode")):
            seconds[stage] = max(0.0, seconds.get(stage, 0.0) - seconds.get(waiting, 0.0))
        seconds.pop("awaited", None)
        return seconds
