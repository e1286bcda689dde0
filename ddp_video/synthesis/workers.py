"""Processes that share work: single-threaded, heard by the parent, stopped between two pieces."""

import os
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from multiprocessing import get_context
from typing import Any

from ..errors import InputError, OutputError

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
Progress = Callable[[int, int], None]
Job = tuple[Callable[..., None], tuple[Any, ...]]


def equipped(workers: int) -> None:
    """Refuse work that cannot begin.

    Raises:
        InputError: no workers, or anny and warp are missing.
    """
    if workers < 1:
        raise InputError(f"{workers} workers cannot work: take 1 or more")
    if not all(find_spec(library) for library in ("anny", "warp")):
        raise InputError("rendering people needs anny and warp: pip install 'ddp-video[synth]'")


def worked_off(jobs: list[Job], total: int, workers: int, progress: Progress) -> int:
    """Give jobs to processes until all are done.

    Each job tells of every piece of its work by `tell`, and stops early where `stopped` says so.

    Args:
        jobs: functions of a module and their arguments.
        total: pieces of work in all.
        workers: processes.
        progress: told pieces done and in all.

    Returns:
        How many pieces were made anew.

    Raises:
        OutputError: a process died.
    """
    with at_work(jobs, workers) as (tasks, events):
        return _watched(tasks, events, total, progress)


@contextmanager
def at_work(jobs: list[Job], workers: int) -> Iterator[tuple[list["Future[None]"], Any]]:
    """Processes at work: the jobs' futures, and a queue that tells of each piece of work."""
    context = get_context("spawn")
    events, stop = context.Queue(), context.Event()
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)  # read by the libraries when a process begins
    pool = ProcessPoolExecutor(
        max_workers=workers, mp_context=context, initializer=begin, initargs=(events, stop)
    )
    try:
        yield [pool.submit(job, *arguments) for job, arguments in jobs], events
    finally:
        stop.set()  # they finish the piece that they are at
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            del os.environ[name]
            os.environ.update({name: value} if value is not None else {})


def _watched(tasks: list["Future[None]"], events: Any, total: int, progress: Progress) -> int:  # noqa: ANN401
    made = there = 0
    waiting = set(tasks)
    progress(0, total)
    while waiting:
        done, waiting = wait(waiting, timeout=0.2, return_when=FIRST_EXCEPTION)
        with suppress(queue.Empty):
            while True:
                new = events.get(timeout=0.01)
                made, there = made + new, there + 1
        progress(there, total)
        _raised(done)
    while there < total:  # the queue's own thread may be behind
        new = events.get(timeout=10)
        made, there = made + new, there + 1
    progress(total, total)
    return made


def _raised(done: set["Future[None]"]) -> None:
    """Raise what a process raised.

    Raises:
        OutputError: a process died.
    """
    for task in done:
        try:
            task.result()
        except BrokenProcessPool as error:
            raise OutputError(
                "a worker died, perhaps for lack of memory; take fewer workers and call again"
            ) from error


_events: Any = None
_stop: Any = None


def begin(events: Any, stop: Any) -> None:  # noqa: ANN401  (a process's queue and event)
    """Set up a worker: one thread, and deaf to Ctrl-C, which the parent hears."""
    import signal

    import cv2
    import torch

    from .raster import warped  # noqa: F401  (before anny loads warp: it quietens it)

    global _events, _stop
    _events, _stop = events, stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def stopped() -> bool:
    """Whether this process should end its job."""
    return _stop is not None and _stop.is_set()


def tell(new: bool) -> None:
    """Tell the parent of a piece of work that is there now, and whether it is new."""
    if _events is not None:
        _events.put(new)
