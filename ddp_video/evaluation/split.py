"""The fixed validation split: what it holds, and all its figures.

The file (benchmarks/validation_split.toml in a checkout) names every photo; see there.
"""

import math
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data import DensePoseDataset
from ..errors import DataError
from . import photos
from .agreement import mean_row
from .clips import ClipSettings, Matte, ReadTruth, find_clips, score_clip
from .dataset import DatasetScore, score_dataset
from .error_cases import ErrorCases
from .found import Looker, Progress
from .gps import Geodesics, KappaRule
from .pairs import score_pairs

Part = Mapping[str, Any]  # one table of the file
PICTURES = "pictures"  # folder of the rendered pictures, a dataset; beside it the rendered clips
CLIPS = "clips"
_NEEDED = {
    "pairs": ("folder",),
    **dict.fromkeys(("clips", "mattes"), ("clips", "step")),
    **dict.fromkeys(("outlines", "boxes", "clothes", "empty"), ("folder", "photos")),
    "joints": ("folder", "photos", "table"),
}


@dataclass(frozen=True)
class Wanted:
    """A bound on a figure.

    Attributes:
        name: in words.
        figure: keys of the results, joined by dots.
        at_least: lower bound, or None.
        at_most: upper bound, or None.
    """

    name: str
    figure: str
    at_least: float | None = None
    at_most: float | None = None

    def value(self, results: Mapping[str, Any]) -> float | None:
        """The figure, or None where it was not measured."""
        at: Any = results
        for key in self.figure.split("."):
            at = at.get(key) if isinstance(at, Mapping) else None
        return at

    def met(self, value: float | None) -> bool | None:
        """Whether a value is within the bounds; None where it is not known."""
        if value is None or math.isnan(value):
            return None
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)


@dataclass(frozen=True)
class Means:
    """What evaluation needs besides the network.

    Attributes:
        geodesics: None leaves GPS out.
        kappa: which κ.
        matte: outline of all people; None leaves the comparison with mattes out.
        read_truth: reads the truth of rendered clips.
        errors: where bad cases are noted; None for nowhere.
        limit: at most so many pictures or frames in each part; None for all.
        progress: told pictures done and in all.
    """

    read_truth: ReadTruth
    geodesics: Geodesics | None = None
    kappa: KappaRule = "single"
    matte: Matte | None = None
    errors: ErrorCases | None = None
    limit: int | None = None
    progress: Progress | None = None


class Split:
    """The split of one file.

    Args:
        path: the TOML file.

    Attributes:
        wanted: bounds on figures.

    Raises:
        DataError: it cannot be read, or lacks a part.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._parts = tomllib.loads(path.read_text(encoding="utf-8"))
            self.wanted = [Wanted(**each) for each in self._parts.pop("wanted", [])]
        except (OSError, ValueError, TypeError) as error:
            raise DataError(f"{path} is no split ({error}); give --split FILE") from error
        missing = [name for name in _NEEDED if not isinstance(self._parts.get(name), dict)]
        if missing:
            raise DataError(f"{path} lacks [{'], ['.join(missing)}]; restore the file")
        self._path = path

    def score(
        self,
        looker: Looker,
        assets: Path,
        means: Means,
        sections: Iterable[str],
        rendered: Path | None = None,
        about: Callable[[str], None] | None = None,
    ) -> dict[str, Any]:
        """Measure the parts that are wanted and can be measured.

        Args:
            looker: the network.
            assets: folder that the split's paths are relative to.
            means: geodesics, matte and so on.
            sections: which parts, of `SECTIONS`.
            rendered: folder with pictures/ and clips/ made from the reserved seeds; None leaves
                them out.
            about: told each part's name before it is measured.

        Returns:
            Part → figures.

        Raises:
            DataError: a file is missing, or a part of the split lacks what says which.
        """
        results: dict[str, Any] = {}
        for section in sections:
            base = rendered if section.startswith("rendered") else assets
            if base is None or (section == "mattes" and means.matte is None):
                continue
            if about:
                about(section)
            results[section] = _MEASURES[section](looker, base, self._part(section), means)
        return results

    def _part(self, section: str) -> Part:
        part = self._parts.get(section, {})
        missing = [key for key in _NEEDED.get(section, ()) if key not in part]
        if missing:
            what = ", ".join(missing)
            raise DataError(f"{self._path}: [{section}] lacks {what}; restore the file")
        return part


def _pairs(looker: Looker, base: Path, part: Part, means: Means) -> dict[str, Any]:
    rows = score_pairs(looker, base / part["folder"], means.errors, means.progress)
    return {**rows, "mean": mean_row(rows.values())}


def _clips(looker: Looker, base: Path, part: Part, means: Means) -> dict[str, Any]:
    return _each_clip(looker, [base / c for c in part["clips"]], part["step"], means)


def _mattes(looker: Looker, base: Path, part: Part, means: Means) -> dict[str, Any]:
    clips = [base / c for c in part["clips"]]
    return _each_clip(looker, clips, part["step"], means, means.matte)


def _rendered_clips(looker: Looker, base: Path, part: Part, means: Means) -> dict[str, Any]:
    return _each_clip(looker, find_clips(base / CLIPS), 1, means)


def _each_clip(
    looker: Looker, clips: list[Path], step: int, means: Means, matte: Matte | None = None
) -> dict[str, Any]:
    settings = ClipSettings(step, means.limit, matte)
    return {
        clip.stem: score_clip(looker, clip, means.read_truth, settings, means.progress)
        for clip in clips
    }


def _outlines(looker: Looker, base: Path, part: Part, means: Means) -> dict[str, Any]:
    return photos.score_outlines(looker, _photos(base, part, means), means.errors)


def _clothes(looker: Looker, base: Path, part: Part, means: Means) -> dict[str, Any]:
    return photos.score_clothes(looker, _photos(base, part, means))


def _empty(looker: Looker, base: Path, part: Part, means: Means) -> dict[str, Any]:
    return photos.score_empty(looker, _photos(base, part, means))


def _joints(looker: Looker, base: Path, part: Part, means: Means) -> dict[str, Any]:
    return photos.score_joints(looker, _photos(base, part, means), base / part["table"])


def _boxes(looker: Looker, base: Path, part: Part, means: Means) -> dict[str, Any]:
    return photos.score_boxes(looker, _photos(base, part, means), part["photos"])


def _rendered(looker: Looker, base: Path, part: Part, means: Means) -> dict[str, Any]:
    score = DatasetScore(means.geodesics, means.kappa, means.errors)
    dataset = DensePoseDataset(base / PICTURES)
    return score_dataset(looker, dataset, score, means.limit, means.progress)


def _photos(base: Path, part: Part, means: Means) -> Iterator[Path]:
    """The photos of a part one by one, progress told as they are taken."""
    names = list(part["photos"])[: means.limit]
    for done, name in enumerate(names):
        if means.progress:
            means.progress(done, len(names))
        yield base / part["folder"] / name


_MEASURES: dict[str, Callable[[Looker, Path, Part, Means], dict[str, Any]]] = {
    "pairs": _pairs,
    "clips": _clips,
    "mattes": _mattes,
    "outlines": _outlines,
    "boxes": _boxes,
    "clothes": _clothes,
    "joints": _joints,
    "empty": _empty,
    "rendered": _rendered,
    "rendered_clips": _rendered_clips,
}
SECTIONS = tuple(_MEASURES)
