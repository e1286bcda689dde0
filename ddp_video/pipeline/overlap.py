"""Stages that run at the same time, and the time that each takes."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
Progress = Callable[[int, int | None], None]  # frames done, and frames expected where known

AHEAD = 2  # frames that a stage may run ahead of the next one


def ahead(items: Iterator[T], depth: int) -> Generator[T]:
    """Compute the next `depth` items in a thread of their own while the present one is used.

    None for a depth of 0: each item is then computed where it is asked for.
    """
    if depth == 0:
        yield from items
        return
    end: Any = object()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        coming: deque[Future[T]] = deque(pool.submit(next, items, end) for _ in range(depth))
        try:
            while (item := coming.popleft().result()) is not end:
                coming.append(pool.submit(next, items, end))
                yield item
        finally:
            for future in coming:
                future.cancel()


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
