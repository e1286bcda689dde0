"""Clips: masks frame by frame, identities, and flicker.

A clip is a folder of NAME.jpg with NAME_mask.png (white: the person who acts), a video with its
truth NAME.truth.mkv beside it, or any video; what is not known is not measured.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..data.densepose_coco import read_picture
from ..decode import FrameReader
from ..errors import DataError
from ..flow import DisFlow
from ..render import labels
from ..types import Frame, Prediction
from .agreement import Row, compare, mean_row
from .found import Looker, Progress, iou, masks_of, read_frame
from .identities import Identities

Matte = Callable[[np.ndarray], np.ndarray]  # (H, W, 3) uint8 RGB → alpha of all people (H, W)
# Truth video → (T, H, W, 3) uint8 I, 255·U, 255·V and (T, H, W) person's numbers
ReadTruth = Callable[[Path], tuple[np.ndarray, np.ndarray]]

MASK = "_mask.png"
TRUTH = ".truth.mkv"
FLOW = ".flow.mkv"
VIDEOS = (".mp4", ".mkv", ".mov", ".avi", ".webm")
TALL = 60  # pixels: smaller people do not count where all people are compared with a matte


@dataclass(frozen=True)
class ClipFrame:
    """One frame and what is known of it.

    Attributes:
        frame: the picture.
        people: (H, W) person's numbers, 0 = nobody; None where not known.
        iuv: (H, W, 3) uint8 I, 255·U, 255·V; None where not known.
    """

    frame: Frame
    people: np.ndarray | None = None
    iuv: np.ndarray | None = None


def find_clips(folder: Path) -> list[Path]:
    """The clips of a folder: itself if it holds masks, else its videos and folders with masks.

    Raises:
        DataError: there are none.
    """
    if folder.is_file() or any(folder.glob(f"*{MASK}")):
        return [folder]
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    clips = [p for p in inside if p.is_dir() and any(p.glob(f"*{MASK}"))]
    clips += [p for p in inside if p.suffix in VIDEOS and not p.name.endswith((TRUTH, FLOW))]
    if not clips:
        raise DataError(f"{folder} has no clips: give videos, or folders of NAME.jpg, NAME{MASK}")
    return clips


def clip_frames(clip: Path, step: int, read_truth: ReadTruth) -> Iterator[ClipFrame]:
    """Every `step`-th frame of a clip with its truth.

    Raises:
        DataError: a frame's picture is missing, or the truth does not fit the video.
    """
    if clip.is_dir():
        for k, file in enumerate(sorted(clip.glob(f"*{MASK}"))[::step]):
            frame = read_frame(file.with_name(file.name.replace(MASK, ".jpg")))
            frame = replace(frame, index=k, pts=k * step)
            mask = read_picture(file, frame.size)[..., 0] > 127
            yield ClipFrame(frame, mask.astype(np.uint8))
        return
    truth = clip.with_name(clip.stem + TRUTH)
    iuv, people = read_truth(truth) if truth.is_file() else (None, None)
    with FrameReader(clip) as reader:
        for k, frame in enumerate(reader):
            if k % step:
                continue
            if iuv is None or people is None:
                yield ClipFrame(frame)
            elif k < len(iuv) and iuv[k].shape[:2] == frame.size:
                yield ClipFrame(frame, people[k], iuv[k])
            else:
                raise DataError(f"{truth} does not fit {clip.name}; make the clip again")


@dataclass
class ClipScore:
    """Gathers figures frame by frame.

    Attributes:
        steady: measure flicker and identities too, which needs frames that follow each other.
        matte: outline of all people, to compare with; None leaves it out.
    """

    steady: bool = True
    matte: Matte | None = None
    best: list[float] = field(default_factory=list)
    together: list[float] = field(default_factory=list)
    matted: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    flips: list[float] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    identities: Identities = field(default_factory=Identities)
    _flow: DisFlow = field(default_factory=DisFlow)
    _before: tuple[np.ndarray, np.ndarray] | None = None

    def add(self, given: ClipFrame, prediction: Prediction) -> None:
        """Take one frame in."""
        masks = masks_of(prediction)
        self.counts.append(len(masks))
        self.identities.add(masks, float(given.frame.time), given.frame.image, given.people)
        if given.people is not None and given.people.any():
            self.best.append(best_match(masks, given.people))
            self.together.append(iou(union(masks, given.people.shape), given.people > 0))
        if self.matte is not None:
            alpha = self.matte(given.frame.image) > 0.5
            self.matted.append(tall_people_iou(masks, alpha))
        if self.steady or given.iuv is not None:
            iuv = labels(prediction, given.frame.size)
            if given.iuv is not None:
                self.rows.append(compare(iuv, given.iuv))
            if self.steady:
                self._note_flips(given.frame.image, iuv.part)

    def _note_flips(self, image: np.ndarray, part: np.ndarray) -> None:
        """Share of body points, followed by the flow, whose part is another one than before."""
        if self._before is not None:
            flow = self._flow.flows([self._before[0], image], 1, part.shape)[-1].numpy()
            carried = carry(self._before[1], flow)
            both = (part > 0) & (carried > 0)
            if both.any():
                self.flips.append(float((part != carried)[both].mean()))
        self._before = image, part

    def figures(self) -> dict[str, Any]:
        """All figures; None where nothing was known."""
        return {
            "frames": len(self.counts),
            "people": _mean(self.counts),
            "iou": _mean(self.best),
            "median": float(np.median(self.best)) if self.best else None,
            "all_people_iou": _mean(self.together),
            "matte_iou": _mean(self.matted),
            "flicker": _mean(np.abs(np.diff(self.best)).tolist()) if self.steady else None,
            "flips": _mean(self.flips),
            "tracks": self.identities.tracks if self.steady else None,
            "switches": self.identities.switches if self.steady and self.best else None,
            "idf1": self.identities.idf1 if self.steady and self.rows else None,
            "agreement": mean_row(self.rows) if self.rows else None,
            "iou_by_frame": self.best,
        }


@dataclass(frozen=True)
class ClipSettings:
    """How a clip is looked at.

    Attributes:
        step: look at every n-th frame; flicker and identities need 1.
        limit: at most so many frames; None for all.
        matte: outline of all people, to compare with; None leaves it out.
    """

    step: int = 1
    limit: int | None = None
    matte: Matte | None = None


def score_clip(
    looker: Looker,
    clip: Path,
    read_truth: ReadTruth,
    settings: ClipSettings = ClipSettings(),
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Figures of one clip.

    Args:
        looker: the network.
        clip: from `find_clips`.
        read_truth: reads NAME.truth.mkv.
        settings: which frames, and what to compare with.
        progress: told frames done.
    """
    score = ClipScore(settings.step == 1, settings.matte)
    frames = clip_frames(clip, settings.step, read_truth)
    with FrameReader(clip) as reader:
        looker = looker.for_film(reader.samples())
    for done, given in enumerate(islice(frames, settings.limit), 1):
        score.add(given, looker.predict(given.frame))
        if progress:
            progress(done, None)
    return score.figures()


def best_match(masks: list[np.ndarray], people: np.ndarray) -> float:
    """IoU of each true person with who fits best, averaged over the true people."""
    numbers = [n for n in np.unique(people) if n]
    return float(np.mean([max((iou(m, people == n) for m in masks), default=0) for n in numbers]))


def tall_people_iou(masks: list[np.ndarray], matte: np.ndarray, tall: int = TALL) -> float:
    """IoU of all people with a matte, both without whoever is at most `tall` pixels high."""
    heights = [int(m.any(1).sum()) for m in masks]
    near = union([m for m, h in zip(masks, heights, strict=True) if h > tall], matte.shape)
    far = union([m for m, h in zip(masks, heights, strict=True) if h <= tall], matte.shape)
    pieces, stats = cv2.connectedComponentsWithStats(matte.astype(np.uint8))[1:3]
    high = 1 + np.flatnonzero(stats[1:, cv2.CC_STAT_HEIGHT] > tall)  # 0 is the background
    judged = near | ~far
    return iou(near & judged, np.isin(pieces, high) & judged)


def union(masks: list[np.ndarray], size: tuple[int, ...]) -> np.ndarray:
    """(H, W) bool, anybody."""
    return np.any(masks, axis=0) if masks else np.zeros(size, bool)


def carry(labels_HW: np.ndarray, flow_2HW: np.ndarray) -> np.ndarray:
    """Labels of the frame that a flow leads to, on the frame it starts from; 0 outside."""
    h, w = labels_HW.shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    return cv2.remap(labels_HW, x + flow_2HW[0], y + flow_2HW[1], cv2.INTER_NEAREST)


def _mean(values: list[float] | list[int]) -> float | None:
    return float(np.mean(values)) if values else None
