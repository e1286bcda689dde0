"""An independent check of the charts: BodyPix's U and V, averaged face by face, against ours.

    python benchmarks/check_charts.py photos --limit 60 --teachers teachers

Bodies are fitted to landmarks and outlines only, so that nothing of the charts is in the fit. Each
pixel of a good fit sees a face of the body; BodyPix says U and V there. Their means over all photos
are held against the charts: over the faces of a part, the correlation (wanted: positive) and the
mean distance (wanted: at most .08) of U and of V. `hidden` parts are seen too seldom to tell. The
offsets (BodyPix less ours) tell a turned limb from noise; `teacher_agreement.py` asks DensePose
R-CNN as a third witness.

A second table says where BodyPix lets a limb begin: how many centimetres before (+) or behind (-)
the charts' border half of its pixels are the limb's.
"""

import argparse
import os
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import numpy as np

from ddp_video.data.densepose_coco import read_picture
from ddp_video.fitting.clothes import (
    FOOT,
    HAND,
    HEAD,
    LOWER_ARM,
    SHIN,
    THIGH,
    TORSO,
    UPPER_ARM,
)
from ddp_video.fitting.fit import FitSettings, Fitter
from ddp_video.fitting.fitted import FitLabeller, FittedPerson
from ddp_video.fitting.labels import visible_faces
from ddp_video.fitting.observe import Pose, Teachers
from ddp_video.fitting.one_photo import Sight, see_photo
from ddp_video.fitting.photos import photos_in
from ddp_video.fitting.pseudo_labels import classify, crop_body, observe_surface
from ddp_video.fitting.sides import GROUP
from ddp_video.synthesis.body.body import Body
from ddp_video.synthesis.charts.lookup import Charts
from ddp_video.synthesis.raster.rays import closest, face_normals, on_surface

NAMES = (
    "torso back", "torso front", "hand R", "hand L", "foot L", "foot R",
    "thigh back R", "thigh back L", "thigh front R", "thigh front L",
    "shin back R", "shin back L", "shin front R", "shin front L",
    "upper arm inside L", "upper arm inside R", "upper arm outside L", "upper arm outside R",
    "forearm inside L", "forearm inside R", "forearm outside L", "forearm outside R",
    "head R", "head L",
)  # fmt: skip
# Where two limbs meet: the one that begins there, and what it hangs on.
BORDERS = {
    "neck": (HEAD, TORSO),
    "shoulder": (UPPER_ARM, TORSO),
    "elbow": (LOWER_ARM, UPPER_ARM),
    "wrist": (HAND, LOWER_ARM),
    "hip": (THIGH, TORSO),
    "knee": (SHIN, THIGH),
    "ankle": (FOOT, SHIN),
}
STEPS = np.arange(-0.05, 0.07, 0.01)  # metres from a border
FACING = 0.6  # a face looks where its normal's part that way is larger
MIN_VOTES = 150  # of a step
AT_ONCE = 12  # photos
MIN_PIXELS = 5  # of a face
MIN_FACES = 40  # of a part
MAX_DISTANCE = 0.08


class Averages:
    """Sums of BodyPix's U and V over the faces of the charts, and which parts it sees there."""

    def __init__(self) -> None:
        self.charts = Charts.shipped()
        self.sums = np.zeros((len(self.charts.faces), 3))
        self.votes = np.zeros((len(self.charts.faces), 25))

    def add(self, teachers: Teachers, sight: Sight, person: FittedPerson) -> None:
        """Add the pixels of one person at which BodyPix sees the body's own part."""
        mask = sight.masks[person.number]
        row, column, face, _ = visible_faces(person.vertices, person.seen.crop, mask.shape)
        own = mask[row, column]
        row, column, face = row[own], column[own], face[own]
        pose = sight.people[person.number].pose
        assert isinstance(pose, Pose)  # it was fitted
        surface = observe_surface(teachers, sight.image, pose)
        points = np.stack([column, row, np.ones(len(row))], 1) @ pose.crop.T
        part, sure, u, v = classify(surface, points, crop_body(pose))
        np.add.at(self.votes, (face, np.where(sure, part, 0)), 1)
        same = sure & (part == self.charts.part[face])
        np.add.at(self.sums, face[same], np.stack([np.ones(same.sum()), u[same], v[same]], 1))

    def compare(self, part: int) -> tuple[int, np.ndarray]:
        """Faces seen of a part; (3, 2) correlation, mean distance and mean offset of U and V."""
        seen = (self.charts.part == part) & (self.sums[:, 0] >= MIN_PIXELS)
        if seen.sum() < MIN_FACES:
            return int(seen.sum()), np.full((3, 2), np.nan)
        theirs = self.sums[seen, 1:] / self.sums[seen, :1]
        ours = np.stack([self.charts.u[seen].mean(1), self.charts.v[seen].mean(1)], 1)
        correlation = [np.corrcoef(theirs[:, k], ours[:, k])[0, 1] for k in (0, 1)]
        away = theirs - ours
        return int(seen.sum()), np.stack([correlation, np.abs(away).mean(0), away.mean(0)])


class Borders:
    """Where the teacher lets limbs begin, on the body at rest."""

    def __init__(self, averages: Averages) -> None:
        self.charts, self.votes = averages.charts, averages.votes
        self.vertices = self.charts.refine(Body({}).vertices)
        self.centres = self.vertices[self.charts.faces].mean(1)
        normal = face_normals(self.vertices, self.charts.faces)[0]
        self.sides = {
            "all": np.ones(len(normal), bool),
            "front": normal[:, 1] < -FACING,
            "back": normal[:, 1] > FACING,
            "top": normal[:, 2] > FACING,
        }

    def offsets(self, limb: int, rest: int) -> dict[str, float]:
        """Centimetres by side; nan where too little is seen to tell. Limbs as in `GROUP`."""
        limb_parts, rest_parts = (np.flatnonzero(group == GROUP) + 1 for group in (limb, rest))
        away = self._away(limb_parts, rest_parts)
        step = np.where(np.isfinite(away), np.digitize(away, STEPS) - 1, -1)
        found = {}
        for name, side in self.sides.items():
            votes = np.zeros((len(STEPS), 25))
            np.add.at(votes, step[side & (step >= 0)], self.votes[side & (step >= 0)])
            mine, other = votes[:, limb_parts].sum(1), votes[:, rest_parts].sum(1)
            found[name] = crossing(mine[:-1], other[:-1])
        return found

    def _away(self, limb: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """(F,) metres from the border: positive on `rest`, negative on the limb, else nan."""
        away = np.full(len(self.centres), np.nan)
        for mine, other, sign in ((limb, rest, -1), (rest, limb, 1)):
            here = np.isin(self.charts.part, mine)
            there = self.charts.faces[np.isin(self.charts.part, other)]
            nearest = on_surface(
                self.vertices, there, *closest(self.vertices, there, self.centres[here])
            )
            away[here] = sign * np.linalg.norm(self.centres[here] - nearest, axis=1)
        return away


def crossing(mine: np.ndarray, other: np.ndarray) -> float:
    """Centimetres at which `mine` falls below half of both, over the intervals of `STEPS`."""
    seen = mine + other >= MIN_VOTES
    middle = 100 * (STEPS[:-1] + STEPS[1:])[seen] / 2
    share = (mine / np.maximum(mine + other, 1))[seen]
    falls = np.flatnonzero((share[:-1] >= 0.5) & (share[1:] < 0.5))
    if not len(falls):
        return float("nan")
    k = falls[0]
    return float(np.interp(0.5, share[[k + 1, k]], middle[[k + 1, k]]))


def main() -> None:
    """Fit, average and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--teachers", type=Path)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    teachers = Teachers(options.teachers)
    labeller = FitLabeller(teachers, options.device)
    labeller.fitter = Fitter(options.device, FitSettings(surface=0.0))
    averages, bodies = Averages(), 0
    photos = list(photos_in(options.photos))[: options.limit]
    for start in range(0, len(photos), AT_ONCE):
        pictures = [read_picture(p)[:, :, ::-1].copy() for p in photos[start : start + AT_ONCE]]
        sights = [see_photo(teachers, picture) for picture in pictures]
        for sight, people in zip(sights, labeller.people(sights), strict=True):
            for person in (p for p in people if not p.verdict.refused):
                averages.add(teachers, sight, person)
                bodies += 1
    print(f"{bodies} good fits in {len(photos)} photos")
    report(averages)
    report_borders(Borders(averages))


def report(averages: Averages) -> None:
    """Print a line for each part."""
    print(f"{'part':20}{'faces':>7}{'corr. U':>9}{'V':>7}{'|ΔU|':>8}{'|ΔV|':>7}{'ΔU':>8}{'ΔV':>7}")
    for part, name in enumerate(NAMES, 1):
        faces, figures = averages.compare(part)
        if np.isnan(figures).any():
            print(f"{name:20}{faces:7}   hidden")
            continue
        good = (figures[0] > 0).all() and (figures[1] <= MAX_DISTANCE).all()
        columns = "".join(f"{u:8.3f}{v:7.3f}" for u, v in figures)
        print(f"{name:20}{faces:7} {columns}  {'' if good else 'apart'}")


def report_borders(borders: Borders) -> None:
    """Print a line for each border."""
    print(f"\n{'border (cm)':12}" + "".join(f"{side:>8}" for side in borders.sides))
    for name, (limb, rest) in BORDERS.items():
        offsets = borders.offsets(limb, rest)
        print(f"{name:12}" + "".join(f"{offset:8.1f}" for offset in offsets.values()))


if __name__ == "__main__":
    main()
