"""What a run gives back, and the same as `<stem>.metrics.json`."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import torchvision

from .. import __version__
from ..atomic import beside
from ..errors import OutputError
from ..measure import SteadinessResult
from ..settings import Background

NUMBERS = re.compile(r"\[\s+(?:-?[\d.]+,?\s+)+\]")  # a list of numbers: one line, not one each


@dataclass(frozen=True)
class RunReport:
    """What a run wrote and measured.

    Attributes:
        source: what was read.
        written: the files, in the order of the radii, the metrics last.
        frames: frames read, which is the number written.
        people: people found in each frame.
        raw: steadiness of the source itself; None for a picture.
        rendered: radius → background → steadiness of that rendering; radius 0 is unsmoothed.
        seconds: stage → wall time; stages overlap, so they may add up to more than the total.
        warnings: one line each: a damaged tail, an audio stream that could not be copied.
        facts: versions, engines and settings.
    """

    source: Path
    written: tuple[Path, ...]
    frames: int
    people: tuple[int, ...]
    raw: SteadinessResult | None
    rendered: Mapping[int, Mapping[Background, SteadinessResult]]
    seconds: Mapping[str, float]
    warnings: tuple[str, ...]
    facts: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The content of `<stem>.metrics.json`."""
        smoothed = {str(radius): plain(by) for radius, by in self.rendered.items() if radius > 0}
        return {
            "source": str(self.source),
            "written": [str(path) for path in self.written],
            "frames": self.frames,
            "people_per_frame": list(self.people),
            "steadiness": {
                "raw": asdict(self.raw) if self.raw else None,
                "unsmoothed": plain(self.rendered.get(0, {})),
                "smoothed_by_radius": smoothed,
            },
            "seconds": {stage: round(value, 3) for stage, value in self.seconds.items()},
            "frames_per_second": round(self.frames / self.seconds["total"], 3),
            "warnings": list(self.warnings),
            **self.facts,
        }


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write beside the target, then rename.

    Raises:
        OutputError: the file cannot be written.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    text = NUMBERS.sub(lambda found: " ".join(found[0].split()), text)
    try:
        with beside(path) as part:
            part.write_text(text + "\n", encoding="utf-8", errors="replace")
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror})") from error


def versions() -> dict[str, str]:
    """What computed, package by package."""
    return {
        "ddp_video": __version__,
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "av": version("av"),
    }


def plain(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    """Settings and results as JSON knows them."""
    if isinstance(value, SteadinessResult):
        return asdict(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return float(value) if isinstance(value, Fraction) else value
