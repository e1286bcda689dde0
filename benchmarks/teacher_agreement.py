"""How the charts of rendered people agree with BodyPix, and both with DensePose, part by part.

    ddp-video synth pictures -n 200 -o rendered --people 1..2 --assets humans --backgrounds photos
    ddp-video label-photos pairs -o fitted --teachers teachers
    python benchmarks/teacher_agreement.py rendered pairs fitted --teachers teachers

Three witnesses tell errors of the charts from errors of the teacher: `rendered` has our charts,
exactly; BodyPix looks at both; `pairs` are photos with DensePose R-CNN's labels (NAME.jpg and
NAME_iuv.png), which bodies with our charts were fitted to as well (`fitted`). Offsets are signed
means; where ours against DensePose's is the larger one the charts are suspected, where the
teacher's against DensePose's is, the teacher.
"""

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import cv2
import numpy as np
from scipy.ndimage import map_coordinates

from ddp_video.data import DensePoseDataset
from ddp_video.data.densepose_coco import UNKNOWN, read_picture
from ddp_video.data.mirror import PART_MIRROR
from ddp_video.fitting.observe import CROP, Pose, Teachers, crop_matrix
from ddp_video.fitting.pseudo_labels import GRID, observe_surface

NAMES = (
    "torso back", "torso front", "hand R", "hand L", "foot L", "foot R",
    "thigh back R", "thigh back L", "thigh front R", "thigh front L",
    "shin back R", "shin back L", "shin front R", "shin front L",
    "upper arm inside L", "upper arm inside R", "upper arm outside L", "upper arm outside R",
    "forearm inside L", "forearm inside R", "forearm outside L", "forearm outside R",
    "head R", "head L",
)  # fmt: skip
SMALLEST = 90  # pixels: people who are less high or cut off are left out
MOST = 2000  # pixels of a person that count
LEAST = 300  # pixels of a part in all, below which nothing is said
SLIGHT = 0.03  # an offset below this is nobody's fault


@dataclass
class Witnesses:
    """Pixels that two have labelled: parts (P,), and U, V (P, 2) in 0..1."""

    part: np.ndarray
    uv: np.ndarray
    other_part: np.ndarray
    other_uv: np.ndarray

    def of(self, part: int) -> tuple[float, float, np.ndarray, np.ndarray]:
        """Of one part: share that agrees, share on the other side; mean |ΔU|, |ΔV| and ΔU, ΔV."""
        mine = self.part == part
        same = mine & (self.other_part == part)
        if mine.sum() < LEAST or same.sum() < LEAST / 4:
            return np.nan, np.nan, np.full(2, np.nan), np.full(2, np.nan)
        step = self.other_uv[same] - self.uv[same]
        turned = float((self.other_part[mine] == PART_MIRROR[part]).mean()) if part > 2 else 0.0
        return float(same.sum() / mine.sum()), turned, np.abs(step).mean(0), step.mean(0)


def together(pixels: list[tuple[np.ndarray, ...]]) -> Witnesses:
    """All pixels as one."""
    return Witnesses(*(np.concatenate(values) for values in zip(*pixels, strict=True)))


def seen(teachers: Teachers, image: np.ndarray, box: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(P, 3) part, U, V of BodyPix in a person's crop at pixels (P, 2) x, y."""
    empty = np.zeros(0)
    crop = crop_matrix(box)
    pose = Pose(empty, empty, empty, empty, 1.0, 0.0, crop)
    surface = observe_surface(teachers, image, pose)
    x, y = (np.c_[at, np.ones(len(at))] @ crop.T).T * (GRID - 1) / (CROP - 1)
    channels = [map_coordinates(c, [y, x], order=1, mode="nearest") for c in surface.parts]
    part = np.argmax(channels, 0)
    u, v = (
        map_coordinates(c, [part, y, x], order=1, mode="nearest") for c in (surface.u, surface.v)
    )
    return np.stack([part + 1.0, u, v], 1)


def compared(
    teachers: Teachers, image: np.ndarray, iuv: np.ndarray, mask: np.ndarray
) -> tuple[np.ndarray, ...] | None:
    """A person's known labels and BodyPix's at the same pixels; None if it is small or cut off."""
    y, x = np.nonzero(mask)
    h, w = mask.shape
    if not len(y) or np.ptp(y) < SMALLEST or min(y.min(), x.min()) < 1:
        return None
    if y.max() > h - 2 or x.max() > w - 2:
        return None
    box = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1], float)
    y, x = np.nonzero(mask & (iuv[..., 0] > 0) & (iuv[..., 0] != UNKNOWN))
    few = np.random.default_rng(0).permutation(len(y))[:MOST]
    y, x = y[few], x[few]
    found = seen(teachers, image, box, np.stack([x, y], 1).astype(float))
    labels = iuv[y, x]
    return labels[:, 0].astype(int), labels[:, 1:] / 255, found[:, 0].astype(int), found[:, 1:]


def rendered(teachers: Teachers, folder: Path, most: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Our charts and BodyPix."""
    dataset = DensePoseDataset(folder)
    for k in range(min(most, len(dataset))):
        record = dataset[k]
        for number in range(1, len(record.boxes) + 1):
            if record.iuv is not None:
                mask = record.instance == number
                pixels = compared(teachers, record.image, record.iuv, mask)
                if pixels is not None:
                    yield pixels


def pairs(folder: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, photo (RGB) and DensePose's labels."""
    for file in sorted(folder.glob("*_iuv.png")):
        name = file.name.removesuffix("_iuv.png")
        photo = np.asarray(cv2.imread(str(folder / f"{name}.jpg")))[..., ::-1]
        yield name, np.ascontiguousarray(photo), read_picture(file, photo.shape[1::-1])


def witnesses(teachers: Teachers, folder: Path, fitted: Path) -> tuple[Witnesses, Witnesses]:
    """DensePose against BodyPix, and DensePose against bodies with our charts."""
    dataset = DensePoseDataset(fitted)
    ours = {Path(record.name).stem: record for record in dataset}
    looked, fits = [], []
    for name, photo, iuv in pairs(folder):
        pixels = compared(teachers, photo, iuv, iuv[..., 0] > 0)
        if pixels is not None:
            looked.append(pixels)
        record = ours.get(name)
        if record is None or record.iuv is None:
            continue
        both = (iuv[..., 0] > 0) & (record.iuv[..., 0] > 0) & (record.iuv[..., 0] != UNKNOWN)
        true, fit = iuv[both], record.iuv[both]
        fits.append(tuple(v for a in (true, fit) for v in (a[:, 0].astype(int), a[:, 1:] / 255)))
    return together(looked), together(fits)


def suspected(ours: np.ndarray, teacher: np.ndarray) -> str:
    """Whose offsets against DensePose are the larger ones."""
    a, b = np.abs(ours).max(), np.abs(teacher).max()
    if np.isnan(a) or np.isnan(b):
        return "?"
    if max(a, b) < SLIGHT:
        return "–"
    return "charts" if a > 1.25 * b else "teacher" if b > 1.25 * a else "both"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("rendered", "pairs", "fitted"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--teachers", type=Path)
    parser.add_argument("-n", type=int, default=200, help="rendered pictures at most")
    given = parser.parse_args()
    teachers = Teachers(given.teachers)
    truth = together(list(rendered(teachers, given.rendered, given.n)))
    teacher, charts = witnesses(teachers, given.pairs, given.fitted)
    columns = ("BodyPix − charts", "BodyPix − DensePose", "charts − DensePose")
    print(f"{'':20}" + "".join(f"{name:>36}" for name in columns))
    print(f"{'part':20}" + f"{'parts  l/r |ΔU| |ΔV|    ΔU    ΔV':>36}" * 3 + "  suspected")
    for part, name in enumerate(NAMES, 1):
        rows = [w.of(part) for w in (truth, teacher, charts)]
        cells = [
            f"{share:9.2f} {turned:4.2f} {d[0]:4.2f} {d[1]:4.2f} {step[0]:+5.2f} {step[1]:+5.2f}"
            for share, turned, d, step in rows
        ]
        verdict = suspected(rows[2][3], rows[1][3])
        print(f"{part:2} {name:17}" + "".join(f"{cell:>36}" for cell in cells) + f"  {verdict}")
    for name, w in zip(columns, (truth, teacher, charts), strict=True):
        same = w.part == w.other_part
        step = np.abs(w.uv - w.other_uv)[same].mean(0)
        sided = w.part > 2
        turned = (w.other_part == PART_MIRROR[w.part])[sided].mean()
        print(
            f"{name}: {len(w.part)} pixels, parts {same.mean():.3f}, left/right wrong {turned:.3f},"
            f" |ΔU| {step[0]:.3f}, |ΔV| {step[1]:.3f}"
        )


if __name__ == "__main__":
    main()
