"""From labelled pictures to training batches; example k depends on the seed and on k alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from ..data.canvas import Canvas, Picture, blank_canvas, draw_background, draw_picture
from ..data.cut_out import CutOut, cut_out
from ..data.densepose_coco import UNKNOWN, Record
from ..data.head_swap import swap_head
from ..data.mixing import SceneSettings, compose
from ..data.picture_store import Backgrounds, PictureStore
from ..errors import DataError
from .augment import AugmentSettings, background_matrix, erase, photo_matrix, photometric
from .example import Example, collate, finish

_TRIES = 8  # pictures looked at for a person fit to be pasted
_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


@dataclass(frozen=True)
class StreamSettings:
    """What the stream is made of.

    Attributes:
        size: S, side of the training pictures, a multiple of 32.
        seed: of everything random.
        scene_share: share of copy-paste scenes.
        empty_share: share of backgrounds with nobody.
        min_cells: a person seen in fewer cells of the 1/4 grid is ignored.
        grow: probability that the true masks are grown by one cell for the global IUV branch, as
            estimated masks are at inference; it learns both.
        fill: probability that a background picture shows where a photo ends; else one colour.
        long_side: pictures are kept at this size, in pixels.
        cache_mb: memory for kept pictures, in MB; what does not fit is read anew each time.
        augment: geometry and photometry.
        scenes: copy-paste.
    """

    size: int = 256
    seed: int = 0
    scene_share: float = 0.4
    empty_share: float = 0.04
    min_cells: int = 8
    grow: float = 0.7
    fill: float = 0.6
    long_side: int = 640
    cache_mb: int = 3000
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    scenes: SceneSettings = field(default_factory=SceneSettings)


@dataclass(frozen=True)
class Source:
    """A dataset in the mixture.

    Attributes:
        records: a `DensePoseDataset`, or any sequence of records.
        weight: its share of the photos, relative to the other sources' weights.
        cut_weight: its share of the people pasted into scenes; None for the same, 0 for none.
    """

    records: Sequence[Record]
    weight: float = 1.0
    cut_weight: float | None = None


class TrainingStream(Dataset[Example]):
    """An endless list of training pictures: stream[k] depends on sources, settings and k alone.

    Args:
        sources: the datasets in the mixture.
        backgrounds: picture files in which nobody is, or a folder of them, subfolders included.
        settings: what the stream is made of.

    Raises:
        DataError: nothing to draw from, or an unreadable picture (when it is drawn).
    """

    def __init__(
        self,
        sources: Sequence[Source],
        backgrounds: Path | Sequence[Path] = (),
        settings: StreamSettings | None = None,
    ) -> None:
        self.settings = settings or StreamSettings()
        self.backgrounds = (
            list_pictures(backgrounds) if isinstance(backgrounds, Path) else list(backgrounds)
        )
        sources = [s for s in sources if len(s.records)]
        if not sources and not self.backgrounds:
            raise DataError("no picture to train on: give a dataset folder that holds records")
        self.store = PictureStore(
            [*(s.records for s in sources), Backgrounds(self.backgrounds)],
            self.settings.long_side,
            self.settings.cache_mb,
        )
        self._odds = _normalised([s.weight for s in sources])
        self._cut_odds = _normalised(
            [s.weight if s.cut_weight is None else s.cut_weight for s in sources]
        )

    def __len__(self) -> int:
        """Endless for all purposes."""
        return 2**62

    def __getitem__(self, k: int) -> Example:
        """Make example k."""
        rng = np.random.default_rng([self.settings.seed, k])
        canvas = self._draw(rng)
        if canvas.people and rng.random() < self.settings.augment.erase:
            erase(rng, canvas, self._texture(rng))
        image = photometric(rng, canvas.image, self.settings.augment)
        grow = bool(rng.random() < self.settings.grow)
        return finish(canvas, image, self.settings.min_cells, grow, k)

    def _draw(self, rng: np.random.Generator) -> Canvas:
        """A scene, a photo, or a background with nobody."""
        kind = rng.random()
        empty = kind < self.settings.empty_share and bool(self.backgrounds)
        photos, cuts = bool(self._odds.any()), bool(self._cut_odds.any())
        if empty or not (photos or cuts):
            return self._background(rng)
        scene = kind < self.settings.empty_share + self.settings.scene_share
        if cuts and (scene or not photos):
            return self._scene(rng)
        return self._photo(rng, self._any_photo(rng))

    def _scene(self, rng: np.random.Generator) -> Canvas:
        scenes = self.settings.scenes
        canvas = None
        on_photo = not self.backgrounds or rng.random() < scenes.on_photo
        if on_photo and self._odds.any():
            photo = self._any_photo(rng)
            if not (
                photo.labels[..., 3] == UNKNOWN
            ).any():  # else somebody unlabelled would be half covered
                canvas = self._photo(rng, photo)
        if canvas is None:
            canvas = self._background(rng)
        compose(rng, canvas, lambda: self._person(rng), scenes)
        return canvas

    def _photo(self, rng: np.random.Generator, photo: Picture) -> Canvas:
        size, augment = self.settings.size, self.settings.augment
        if photo.people:
            matrix, mirrored = photo_matrix(rng, photo, size, augment)
        else:
            matrix, mirrored = background_matrix(rng, photo.image, size, augment)
        canvas = blank_canvas(self._ground(rng))
        draw_picture(canvas, photo, matrix, mirrored)
        return canvas

    def _background(self, rng: np.random.Generator) -> Canvas:
        if not self.backgrounds:
            return blank_canvas(_flat(rng, self.settings.size))
        image, size = self._any_background(rng).image, self.settings.size
        canvas = blank_canvas(np.empty((size, size, 3), np.uint8))
        matrix, _ = background_matrix(rng, image, size, self.settings.augment)
        draw_background(canvas, image, matrix)
        return canvas

    def _ground(self, rng: np.random.Generator) -> np.ndarray:
        """What shows where a photo does not reach: another background, or one colour (S, S, 3)."""
        size = self.settings.size
        if self.backgrounds and rng.random() < self.settings.fill:
            image = self._any_background(rng).image
            side = min(image.shape[:2])
            return cv2.resize(image[:side, :side], (size, size), interpolation=cv2.INTER_AREA)
        return _flat(rng, size)

    def _texture(self, rng: np.random.Generator) -> np.ndarray:
        return (
            self._any_background(rng).image if self.backgrounds else _flat(rng, self.settings.size)
        )

    def _any_background(self, rng: np.random.Generator) -> Picture:
        return self.store.get(len(self._odds), int(rng.integers(len(self.backgrounds))))

    def _any_photo(self, rng: np.random.Generator) -> Picture:
        return self._any(rng, self._odds)

    def _any(self, rng: np.random.Generator, odds: np.ndarray) -> Picture:
        source = int(rng.choice(len(odds), p=odds))
        return self.store.get(source, int(rng.integers(len(self.store.datasets[source]))))

    def _person(self, rng: np.random.Generator) -> CutOut | None:
        """Somebody to paste, perhaps with another's head."""
        cut, scenes = self._cut_out(rng), self.settings.scenes
        if cut is not None and rng.random() < scenes.swap_head:
            donor = self._cut_out(rng)
            return cut if donor is None else swap_head(rng, cut, donor, scenes.max_zoom)
        return cut

    def _cut_out(self, rng: np.random.Generator) -> CutOut | None:
        scenes = self.settings.scenes
        for _ in range(_TRIES):
            picture = self._any(rng, self._cut_odds)
            if picture.people:
                person = int(rng.integers(picture.people))
                cut = cut_out(picture, person, scenes.min_source_height, scenes.max_cut)
                if cut is not None:
                    return cut
        return None


def _normalised(weights: Sequence[float]) -> np.ndarray:
    odds = np.array(weights, float)
    return odds / odds.sum() if odds.any() else odds


def _flat(rng: np.random.Generator, size: int) -> np.ndarray:
    """One colour, often black (letterbox), seldom bright, (S, S, 3)."""
    level = rng.integers(0, 256) if rng.random() < 0.5 else 0
    colour = np.clip(level + rng.integers(-25, 26, 3), 0, 255) if level else np.zeros(3)
    return np.full((size, size, 3), colour, np.uint8)


def list_pictures(folder: Path) -> list[Path]:
    """Picture files in a folder and its subfolders, sorted.

    Raises:
        DataError: there is none.
    """
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _PICTURES)
    if not found:
        raise DataError(f"no pictures in {folder}: name a folder of JPEG, PNG or WebP files")
    return found


class _BatchNumbers(Sampler[list[int]]):
    """The ks of one rank's batches, from `first_batch` on; without end if `batches` is None."""

    def __init__(
        self, batch_size: int, first_batch: int, batches: int | None, rank: int, world: int
    ) -> None:
        self.batch_size, self.first_batch, self.batches = batch_size, first_batch, batches
        self.rank, self.world = rank, world

    def __iter__(self) -> Iterator[list[int]]:
        batch = self.first_batch
        while self.batches is None or batch < self.first_batch + self.batches:
            start = (batch * self.world + self.rank) * self.batch_size
            yield list(range(start, start + self.batch_size))
            batch += 1


def _start_worker(_: int) -> None:
    cv2.setNumThreads(0)  # the processes are the parallelism
    torch.set_num_threads(1)


def load_batches(
    stream: Dataset[Any],
    batch_size: int,
    first_batch: int = 0,
    batches: int | None = None,
    rank: int = 0,
    world: int = 1,
    workers: int = 0,
    pin_memory: bool = False,
    collate: Callable[[list[Any]], Any] = collate,
) -> Iterable[Any]:
    """The stream in batches: batch b of a rank begins with k = (b·world + rank)·batch_size.

    What comes does not depend on `workers`, so a run that goes on with first_batch = b after b
    batches sees the same numbers as one that never stopped.

    Args:
        stream: the examples.
        batch_size: per rank.
        first_batch: number of the first batch (batches done so far).
        batches: how many; None for no end.
        rank: of this process.
        world: number of processes.
        workers: loader processes; 0 makes the examples in this process.
        pin_memory: put the maps in page-locked memory (CUDA).
        collate: makes a batch of the examples.
    """
    return DataLoader(
        stream,
        batch_sampler=_BatchNumbers(batch_size, first_batch, batches, rank, world),
        num_workers=workers,
        collate_fn=collate,
        worker_init_fn=_start_worker,
        pin_memory=pin_memory,
        prefetch_factor=4 if workers else None,
    )
