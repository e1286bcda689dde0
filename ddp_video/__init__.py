"""Dense human pose in video: every pixel of every person, frame by frame and steady.

    from pathlib import Path
    import ddp_video

    settings = ddp_video.RunSettings(radii=(2,))
    engines = ddp_video.load_engines(None, settings)
    report = ddp_video.run(Path("clip.mp4"), Path("out"), engines, settings)

Importing this loads nothing heavy; the names below are fetched when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .errors import DdpVideoError

if TYPE_CHECKING:
    from .pipeline import Engines, RunReport, RunSettings, load_engines, run
    from .store import open_predictions
    from .types import Frame, Person, Prediction, VideoInfo

__version__ = "0.1.0"

__all__ = [
    "DdpVideoError",
    "Engines",
    "Frame",
    "Person",
    "Prediction",
    "RunReport",
    "RunSettings",
    "VideoInfo",
    "load_engines",
    "open_predictions",
    "run",
]

_HOMES = {
    **dict.fromkeys(("Engines", "RunReport", "RunSettings", "load_engines", "run"), "pipeline"),
    "open_predictions": "store",
    **dict.fromkeys(("Frame", "Person", "Prediction", "VideoInfo"), "types"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
