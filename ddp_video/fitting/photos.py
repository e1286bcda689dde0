"""From a folder of photos to a dataset with teacher labels: the job behind `label-photos`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast, get_args

import numpy as np

from ..data.densepose_coco import read_picture
from ..data.preview import write_previews
from ..data.writer import DatasetWriter
from ..errors import DataError, InputError
from ..settings import Device
from .athletes import see_athlete
from .clothes import SUFFIX, labels_beside, read_kinds
from .observe import Teachers
from .one_photo import PhotoLabels, Sight, SurfaceLabeller, dressed, see_photo
from .sidecars import JOINTS, read_joints, read_polygons

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
METHODS = ("fit", "bodypix")


class Labeller(Protocol):
    """Gives the people of photos their labels, best of `at_once` people together."""

    at_once: int

    def __call__(self, sights: Sequence[Sight]) -> list[PhotoLabels | str]:
        """Labels of each photo, or why there are none."""
        ...


@dataclass(frozen=True)
class LabelReport:
    """What the job did.

    Attributes:
        out: the dataset.
        photos: labelled now.
        people: persons in them.
        surfaces: persons with surface labels.
        before: photos that had been done by an earlier run.
        skipped: photo → why it was left out, now.
        previews: contact sheets written.
    """

    out: Path
    photos: int
    people: int
    surfaces: int
    before: int
    skipped: dict[str, str] = field(default_factory=dict)
    previews: list[Path] = field(default_factory=list)


def label_photos(
    source: Path,
    out: Path,
    teachers: Path | None = None,
    *,
    method: str = "fit",
    device: str = "cpu",
    preview: bool = False,
    threads: int = 1,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> LabelReport:
    """Label every photo of a folder by the teachers and write the one dataset format.

    Beside a photo may lie `<stem>.txt` with polygons `class x y x y …` as shares of the sides
    (class 0 is a person): they are then the persons' outlines; or `<stem>_labels.png` with classes
    of clothes that `labels.txt` names: they tell limbs apart (`clothes`). A file `joints.csv` in
    the folder gives one person a photo by joints (Leeds Sports Pose); the pose must then agree with
    them, in whatever turn. A stopped job goes on where it was.

    Args:
        source: folder of photos, searched with its subfolders.
        out: dataset folder.
        teachers: folder of the ONNX files; None: environment variable DDP_VIDEO_TEACHERS.
        method: "fit": a body fitted to each person; "bodypix": BodyPix's own labels, mended.
        device: where bodies are fitted.
        preview: write contact sheets to `out/preview`.
        threads: CPU threads of the networks.
        limit: at most this many photos.
        progress: called with (done, all) after each photo.

    Returns:
        The counts.

    Raises:
        InputError: no photos there, `out` is `source`, or an unknown method.
        DataError: teachers are missing.
        OutputError: `out` cannot be written.
    """
    photos = list(photos_in(source))[:limit]
    if not photos:
        raise InputError(f"no photos in {source}; give a folder of JPEG or PNG files")
    if out.resolve() == source.resolve():
        raise InputError(
            f"{out} is the folder of the photos; choose another folder for the dataset"
        )
    networks = Teachers(teachers, threads)
    labeller = _labeller(method, networks, device)
    joints = read_joints(source / JOINTS) if (source / JOINTS).exists() else None
    tally = Tally(out, len(photos), progress)
    with DatasetWriter(out) as writer:
        waiting: list[tuple[Path, Sight]] = []
        for path in photos:
            key = _key(path, source)
            if writer.has(key):
                tally.before += 1
                tally.advance()
                continue
            sight = _see(networks, path, joints)
            if isinstance(sight, str):
                writer.skip(key, sight)
                tally.skip(key, sight)
                continue
            waiting.append((path, sight))
            if sum(len(s.people) for _, s in waiting) >= labeller.at_once:
                _write(writer, labeller, waiting, source, tally)
                waiting = []
        _write(writer, labeller, waiting, source, tally)
    return tally.report(write_previews(out) if preview else [])


def _labeller(method: str, networks: Teachers, device: str) -> Labeller:
    if method == "bodypix":
        return SurfaceLabeller(networks)
    if method == "fit":
        from ..network.device import choose_device
        from .fitted import FitLabeller

        if device not in get_args(Device):
            raise InputError(f"no device {device!r}; choose one of {', '.join(get_args(Device))}")
        return FitLabeller(networks, choose_device(cast("Device", device)))
    raise InputError(f"no method {method!r}; choose one of {', '.join(METHODS)}")


@dataclass
class Tally:
    """Counts, and the user's progress."""

    out: Path
    total: int
    progress: Callable[[int, int], None] | None
    photos: int = 0
    people: int = 0
    surfaces: int = 0
    before: int = 0
    skipped: dict[str, str] = field(default_factory=dict)

    def advance(self) -> None:
        """Tell the user how far the job is."""
        if self.progress is not None:
            self.progress(self.photos + self.before + len(self.skipped), self.total)

    def skip(self, key: str, reason: str) -> None:
        """Count a photo that is left out."""
        self.skipped[key] = reason
        self.advance()

    def add(self, labels: PhotoLabels) -> None:
        """Count a photo that was labelled."""
        self.photos += 1
        self.people += sum(not p.ignore for p in labels.people)
        self.surfaces += labels.surfaces
        self.advance()

    def report(self, previews: list[Path]) -> LabelReport:
        """The counts, at the end."""
        counts = (self.photos, self.people, self.surfaces, self.before)
        return LabelReport(self.out, *counts, self.skipped, previews)


def _write(
    writer: DatasetWriter,
    labeller: Labeller,
    waiting: Iterable[tuple[Path, Sight]],
    source: Path,
    tally: Tally,
) -> None:
    """Label the waiting photos together and write them."""
    paths, sights = [p for p, _ in waiting], [s for _, s in waiting]
    if not sights:
        return
    for path, labels in zip(paths, labeller(sights), strict=True):
        key = _key(path, source)
        if isinstance(labels, str):
            writer.skip(key, labels)
            tally.skip(key, labels)
            continue
        writer.add(path, labels.people, labels.iuv, key=key, source=source.name)
        tally.add(labels)


def _key(path: Path, source: Path) -> str:
    return path.relative_to(source).with_suffix("").as_posix()


def photos_in(source: Path) -> Iterator[Path]:
    """The photos of a folder and those below, in a fixed order.

    Raises:
        InputError: it is no folder.
    """
    if not source.is_dir():
        raise InputError(f"{source} is not a folder; give a folder of photos")
    found = sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    yield from (p for p in found if not _is_sidecar(p))


def _is_sidecar(path: Path) -> bool:
    """Whether a picture holds the classes of a photo beside it."""
    stem = path.name.removesuffix(SUFFIX)
    return stem != path.name and any(path.with_name(stem + s).is_file() for s in SUFFIXES)


def _see(
    teachers: Teachers, path: Path, joints: dict[str, dict[str, np.ndarray]] | None
) -> Sight | str:
    """The people of a photo, or why it is left out."""
    try:
        image = np.ascontiguousarray(read_picture(path)[:, :, ::-1])
    except DataError as error:
        return str(error)
    if joints is not None and path.name in joints:
        return see_athlete(teachers, image, joints[path.name])
    polygons = path.with_suffix(".txt")
    size = (image.shape[0], image.shape[1])
    given = read_polygons(polygons, size) if polygons.exists() else None
    sight = see_photo(teachers, image, given)
    clothes = labels_beside(path)
    return sight if clothes is None else dressed(sight, *read_kinds(clothes, size))
