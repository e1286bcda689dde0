"""Pictures and clips as files: datasets of shards and folders of clips, by several processes.

Every picture depends on settings, seed and number alone, and every process computes with one
thread, so that the number of processes changes no byte. The same holds for a clip's frames, truth
and flow; H.264 may code the same frames a little differently. A stopped job goes on.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..atomic import beside
from ..data import DatasetWriter
from ..errors import InputError, OutputError
from ..settings import SHARD, ClipSettings, PictureSettings
from .workers import Progress, equipped, stopped, tell, worked_off

RECIPE = "recipe.json"
MADE = (".jpg", ".mp4")  # a folder with such a file has something in it
MOST_PEOPLE = 15
WAITING = ".frames-"  # name of the folder of frames that wait for the rest of their clip
FEWEST = 25  # frames of a clip that are a worker's share; to begin takes it about a second
SIZES = (64, 2048)
FILES = ("landmarks", "looks")
FOLDERS = ("assets", "backgrounds", "motion", *FILES)


@dataclass(frozen=True)
class Order:
    """Pictures to be made.

    Attributes:
        folder: of the dataset.
        count: pictures in all, those that are there included.
        settings: of the pictures.
        seed: of everything random.
    """

    folder: Path
    count: int
    settings: PictureSettings
    seed: int = 0

    def shards(self) -> Iterator[tuple[int, range]]:
        """Number of each shard, and its pictures' numbers."""
        for shard, first in enumerate(range(0, self.count, SHARD)):
            yield shard, range(first, min(first + SHARD, self.count))


@dataclass(frozen=True)
class ClipOrder:
    """Clips to be made; as `Order`."""

    folder: Path
    count: int
    settings: ClipSettings
    seed: int = 0


def checked(order: Order | ClipOrder) -> None:
    """Refuse what cannot be made.

    Raises:
        InputError: a number out of its range, or a folder that is not there.
    """
    made, (least, most) = order.settings, order.settings.people
    sides = made.size if isinstance(made, ClipSettings) else (made.size,)
    if order.count < 1:
        raise InputError(f"{order.count} of them cannot be made: ask for one at least")
    if order.seed < 0:
        raise InputError(f"seed {order.seed} is negative: take 0 or more")
    if not 1 <= least <= most <= MOST_PEOPLE:
        raise InputError(f"{least}..{most} people: give a range within 1..{MOST_PEOPLE}, as 1..6")
    if not all(SIZES[0] <= side <= SIZES[1] for side in sides):
        raise InputError(
            f"size {'x'.join(map(str, sides[::-1]))}: give {SIZES[0]} to {SIZES[1]} pixels a side"
        )
    if isinstance(made, ClipSettings):
        checked_video(made)
    checked_shares(made)
    for name in FOLDERS:
        path = getattr(made, name, None)
        if path is not None and not (path.is_file() if name in FILES else path.is_dir()):
            raise InputError(f"{path} is not there: give the right --{name}, or leave it out")


def checked_shares(made: PictureSettings | ClipSettings) -> None:
    """Refuse what is no share.

    Raises:
        InputError: a share out of 0..1.
    """
    shares = [(made.in_looks, "in looks of photos")]
    if isinstance(made, PictureSettings):
        shares += [(made.behind, "from behind"), (made.looking_back, "looking back")]
        shares += [(made.gesturing, "gesturing")]
    for share, what in shares:
        if not 0 <= share <= 1:
            raise InputError(f"a share of {share:g} {what}: give a number within 0..1")


def checked_video(made: ClipSettings) -> None:
    """Refuse what is no video.

    Raises:
        InputError: odd sides, a length or rate out of its range, or a single picture.
    """
    if any(side % 2 for side in made.size):
        raise InputError(f"size {made.size[1]}x{made.size[0]}: video has even sides, as 640x360")
    if not (0.2 <= made.seconds <= 60 and 1 <= made.rate <= 120):
        raise InputError("give 0.2 to 60 seconds, and 1 to 120 frames a second")
    if made.frames < 2:
        raise InputError(f"{made.seconds:g} s at {made.rate} frames a second is no clip: give more")


def recipe(order: Order | ClipOrder) -> dict[str, Any]:
    """What was made with what settings; folders count as given or not.

    Looks and gestures that are not given are left out: recipes from before there were any stay
    the same.
    """
    kept = asdict(order.settings)
    if not kept.get("gesturing", True):
        del kept["gesturing"]
    if order.settings.looks is None:
        del kept["looks"], kept["in_looks"]
    kept |= {name: kept[name] is not None for name in FOLDERS if name in kept}
    return json.loads(json.dumps({"seed": order.seed, **kept}))


def agreed(folder: Path, made_with: dict[str, Any]) -> None:
    """Write a recipe into a new folder, or compare it with the one that is there.

    Raises:
        InputError: the folder holds something of another recipe, or another dataset.
        OutputError: it cannot be written.
    """
    path = folder / RECIPE
    try:
        if path.exists():
            if json.loads(path.read_text(encoding="utf-8")) != made_with:
                raise InputError(f"{folder} was made with other settings; choose another folder")
            return
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(f"{folder} is not empty; choose another folder")
        with beside(path) as part:
            part.write_text(json.dumps(made_with, indent=1) + "\n", encoding="utf-8")
    except ValueError as error:
        raise InputError(f"{path} is no recipe; choose another folder") from error
    except OSError as error:
        raise OutputError(
            f"cannot write {folder}: {error.strerror}; choose another folder"
        ) from error


@contextmanager
def under_recipe(folder: Path, made_with: dict[str, Any]) -> Iterator[None]:
    """Work in a folder that `agreed`; a new one goes where work fails before anything is made."""
    there, begun = folder.exists(), (folder / RECIPE).exists()
    agreed(folder, made_with)
    try:
        yield
    except BaseException:
        if not begun and not any(path.suffix in MADE for path in folder.rglob("*")):
            shutil.rmtree(folder)
            if there:
                folder.mkdir()
        raise


def make_pictures(order: Order, workers: int = 1, progress: Progress | None = None) -> int:
    """Make the pictures that are not there yet.

    Args:
        order: what to make.
        workers: processes.
        progress: told pictures done and in all.

    Returns:
        How many pictures were made now.

    Raises:
        InputError: an order that cannot be made, or anny and warp are missing.
        OutputError: the folder cannot be written, or a process died.
    """
    checked(order)
    equipped(workers)
    jobs = [(fill, (order, *shard)) for shard in order.shards()]
    with under_recipe(order.folder, recipe(order)):
        return worked_off(jobs, order.count, workers, progress or (lambda done, total: None))


def make_clips(order: ClipOrder, workers: int = 1, progress: Progress | None = None) -> int:
    """Make the clips that are not there yet: video, truth and flow; as `make_pictures`.

    The workers share each clip, if it is long enough.
    """
    checked(order)
    equipped(workers)
    frames = order.settings.frames
    shares = max(1, min(workers, frames // FEWEST))
    with (
        under_recipe(order.folder, recipe(order)),
        TemporaryDirectory(prefix=WAITING, dir=order.folder) as kept,
    ):
        for left in order.folder.glob(f"{WAITING}*"):
            if left != Path(kept):  # by a run that was killed
                shutil.rmtree(left)
        jobs = [
            (film, (order, number, share, shares, Path(kept)))
            for number in range(order.count)
            for share in range(shares)
        ]
        return worked_off(jobs, order.count, workers, progress or (lambda done, total: None))


def film(order: ClipOrder, number: int, share: int, shares: int, kept: Path) -> None:
    """Make one clip's share of frames, if its video is not there; the last to be done writes it.

    Args:
        order: of all clips.
        number: of the clip.
        share: number of the share.
        shares: how many make up the clip.
        kept: folder for frames that wait for the others.
    """
    name = f"clip_{number:05d}"
    if (order.folder / f"{name}.mp4").exists():
        if share == 0:
            tell(False)
        return
    from .clip_files import Footage, write_clip
    from .clips import clip, rendered

    made = clip(order.settings, order.seed, number)
    first, end = (len(made) * k // shares for k in (share, share + 1))
    footage = rendered(made, range(first, end), lambda number: not stopped())
    if footage is None:
        return
    own, whole = kept / name, kept / f"{name}.whole"
    own.mkdir(exist_ok=True)
    footage.save(own / f"{share}.npz")
    names = [f"{k}.npz" for k in range(shares)]
    if not all((own / file).exists() for file in names):
        return
    try:
        own.rename(whole)
    except FileNotFoundError:  # another process did
        return
    footage = Footage.joined([whole / file for file in names])
    write_clip(footage, order.folder, name, order.settings.rate)
    shutil.rmtree(whole)
    tell(True)


def fill(order: Order, shard: int, numbers: range) -> None:
    """Make the missing pictures of one shard, in their order."""
    with DatasetWriter(order.folder / f"shard_{shard:05d}", iuv_suffix=".png") as writer:
        for number in numbers:
            key = f"{number:07d}"
            if stopped():
                return
            new = not writer.has(key)
            if new:
                from .pictures import picture  # takes seconds, and is not needed where all is there

                made = picture(order.settings, order.seed, number)
                writer.add(
                    made.image, made.people, made.iuv, key=key, source="rendered", facts=made.facts
                )
            tell(new)
