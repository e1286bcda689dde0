"""Kills writers of a store at many moments; prints how many were killed, how many stores differ.

Run by test_store.py in a process of its own, which forks before torch has any threads.
"""

import os
import random
import signal
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

from ddp_video.store import PredictionWriter, new_header, record
from ddp_video.types import FLOOR, Frame, Person, Prediction

FRAMES, CHUNK, KILLS = 12, 2, 8
IMAGE = np.zeros((48, 64, 3), np.uint8)


def network(frames, before):
    for frame in frames:
        time.sleep(0.002)
        random = torch.Generator().manual_seed(frame.index)
        mask = torch.rand((24, 32), generator=random)
        logits = torch.rand((75, 24, 32), generator=random).clamp(min=FLOOR).log()
        person = Person((0.0, 0.0, 9.0, 9.0), 0.5, mask, mask)
        yield frame, Prediction(logits, (mask > 0.5).float(), (person,), (48, 64))


def write(path: Path) -> None:
    source = {"path": "clip.mp4", "time_base": "1/10", "start_time": "0"}
    header = new_header(source, {}, {"smoothing": None}, {}, CHUNK)
    frames = (Frame(IMAGE, k, k, Fraction(1, 10)) for k in range(FRAMES))
    with PredictionWriter(path, header) as writer:
        for _ in record(network, frames, writer):
            pass
        writer.finish()


def in_child(path: Path, lifetime: float | None) -> bool:
    """Write in a process of its own; True if it had to be killed."""
    child = os.fork()
    if child == 0:
        write(path)
        os._exit(0)
    if lifetime is not None:
        time.sleep(lifetime)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def main(folder: Path) -> None:
    random.seed(0)
    begun = time.perf_counter()
    in_child(folder / "whole.ddp", None)
    length = time.perf_counter() - begun
    kills = different = 0
    for number in range(KILLS):
        path = folder / f"{number}.ddp"
        kills += in_child(path, random.uniform(0, length))
        kills += in_child(path, random.uniform(0, length) / 2)
        in_child(path, None)
        different += content(path) != content(folder / "whole.ddp")
    sys.stdout.write(f"{kills} {different}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
