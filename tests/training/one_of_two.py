"""One of two data-parallel processes; started by test_loop.py: `one_of_two.py FOLDER PORT PORT`."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ddp_video.data import Record
from ddp_video.network import DirectDensePose
from ddp_video.settings import PRESETS, Architecture
from ddp_video.training import loop
from ddp_video.training.batches import Source, StreamSettings, TrainingStream

SHAPE = Architecture(width=0.35, channels=32, hidden=32, tower_depth=1)
SETTINGS = replace(
    PRESETS["house"], architecture=SHAPE, batch=1, size=64, workers=0, precision="fp32"
)


def record() -> Record:
    """A person of two parts before a plain wall."""
    iuv = np.zeros((120, 90, 3), np.uint8)
    iuv[10:60, 30:60], iuv[60:110, 30:60] = (2, 128, 128), (9, 40, 200)
    seen = (iuv[..., 0] > 0).astype(np.uint8)
    return Record(
        image=np.repeat(seen[..., None] * np.uint8(200), 3, axis=2),
        boxes=np.array([[30, 10, 60, 110]], np.float32),
        instance=seen,
        iuv=iuv,
        coarse=np.where(iuv[..., 0] == 9, np.uint8(7), seen),
        points=np.zeros((0, 6), np.float32),
        has_surface=np.ones(1, bool),
        weights=np.ones(1, np.float32),
        name="one",
        source="made up",
    )


def main(folder: Path, ports: list[str]) -> None:
    """Two steps, then as many more as the first process's clock allows: one."""
    rank, networks = os.environ["RANK"], []
    build = loop.build

    def build_and_keep(architecture: Architecture) -> DirectDensePose:
        networks.append(build(architecture))
        return networks[-1]

    loop.build = build_and_keep
    settings = StreamSettings(size=64, cache_mb=8, empty_share=0)
    stream = TrainingStream([Source([record()])], settings=settings)
    run = loop.Run(folder, torch.device("cpu"))
    os.environ["MASTER_PORT"] = ports[0]
    loop.train(stream, replace(SETTINGS, steps=2), run)
    networks.clear()
    os.environ["MASTER_PORT"] = ports[1]
    minutes = 0.0 if rank == "0" else 1e6
    loop.train(stream, replace(SETTINGS, steps=50), replace(run, minutes=minutes))
    torch.save(networks[0].state_dict(), folder / f"{rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
