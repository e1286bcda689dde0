"""From a folder of photos to a dataset with teacher labels: the job behind `label-photos`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..data.densepose_coco import read_picture
from ..data.writer import DatasetWriter
from ..errors import DataError, InputError
from .observe import Teachers
from .one_photo import PhotoLabels, label_athlete, label_photo
from .preview import write_previews
from .sidecars import JOINTS, read_joints, read_polygons

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}


@dataclass(frozen=True)
class LabelReport:
    """What the job did.

    Attributes:
        out: the dataset.
        photos: labelled now.
        people: persons in them.
        surfaces: persons with surface labels.
        skipped: photo → why it was left out, now.
        before: photos that had been done by an earlier run.
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
    preview: bool = False,
    threads: int = 1,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> LabelReport:
    """Label every photo of a folder by the teachers and write the one dataset format.

    Beside a photo may lie `<stem>.txt` with polygons `class x y x y …` as shares of the sides
    (class 0 is a person): they are then the persons' outlines. A file `joints.csv` in the folder
    gives one person a photo by joints (Leeds Sports Pose); the pose must then agree with them, in
    any of four turns. A stopped job goes on where it was.

    Args:
        source: folder of photos, searched with its subfolders.
        out: dataset folder.
        teachers: folder of the ONNX files; None: environment variable DDP_VIDEO_TEACHERS.
        preview: write contact sheets to `out/preview`.
        threads: CPU threads of the networks.
        limit: at most this many photos.
        progress: called with (done, all) after each photo.

    Returns:
        The counts.

    Raises:
        InputError: no photos there, or `out` is `source`.
        DataError: teachers are missing.
        OutputError: `out` cannot be written.
    """
    photos = list(_photos(source))[:limit]
    if not photos:
        raise InputError(f"no photos in {source}; give a folder of JPEG or PNG files")
    if out.resolve() == source.resolve():
        raise InputError(
            f"{out} is the folder of the photos; choose another folder for the dataset"
        )
    networks = Teachers(teachers, threads)
    joints = read_joints(source / JOINTS) if (source / JOINTS).exists() else None
    counts = {"photos": 0, "people": 0, "surfaces": 0, "before": 0}
    skipped: dict[str, str] = {}
    with DatasetWriter(out) as writer:
        for done, path in enumerate(photos, 1):
            key = path.relative_to(source).with_suffix("").as_posix()
            if writer.has(key):
                counts["before"] += 1
            else:
                labels = _label_one(networks, path, joints)
                if isinstance(labels, str):
                    skipped[key] = labels
                    writer.skip(key, labels)
                else:
                    writer.add(path, labels.people, labels.iuv, key=key, source=source.name)
                    counts["photos"] += 1
                    counts["people"] += sum(not p.ignore for p in labels.people)
                    counts["surfaces"] += labels.surfaces
            if progress is not None:
                progress(done, len(photos))
    previews = write_previews(out) if preview else []
    return LabelReport(out, skipped=skipped, previews=previews, **counts)


def _photos(source: Path) -> Iterator[Path]:
    if not source.is_dir():
        raise InputError(f"{source} is not a folder; give a folder of photos")
    yield from sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def _label_one(
    teachers: Teachers, path: Path, joints: dict[str, dict[str, np.ndarray]] | None
) -> PhotoLabels | str:
    """Labels, or why there are none."""
    try:
        image = np.ascontiguousarray(read_picture(path)[:, :, ::-1])
    except DataError as error:
        return str(error)
    if joints is not None and path.name in joints:
        return label_athlete(teachers, image, joints[path.name])
    polygons = path.with_suffix(".txt")
    size = (image.shape[0], image.shape[1])
    given = read_polygons(polygons, size) if polygons.exists() else None
    return label_photo(teachers, image, given)
