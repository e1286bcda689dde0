"""The frames of a clip: windows, names, going on, and who jumps."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("warp", reason="needs the extra synth")

from ddp_video.cli.app import app
from ddp_video.data import DensePoseDataset
from ddp_video.errors import InputError
from ddp_video.fitting import clip
from ddp_video.fitting.bodies import Fit
from ddp_video.fitting.evidence import NAMES, Observation
from ddp_video.fitting.fit import FitSettings
from ddp_video.fitting.fitted import FittedPerson
from ddp_video.fitting.judge import Verdict
from ddp_video.fitting.labels import BodyPicture
from ddp_video.types import Frame

from .test_photos import SIDE, Painted, painted

FRAMES = 5


def fitted(x: float) -> FittedPerson:
    """A body of a fifth of the crop's height at x, half crop sides."""
    landmarks = np.zeros((len(NAMES), 2))
    landmarks[:, 0], landmarks[:, 1] = x, np.linspace(-0.2, 0.2, len(NAMES))
    count = len(NAMES)
    seen = Observation(
        np.eye(2, 3, dtype=np.float32), landmarks, np.zeros((count, 3)),
        np.ones(count, np.float32), np.zeros((SIDE, SIDE), bool), np.ones((SIDE, SIDE), bool),
    )  # fmt: skip
    flat = np.zeros((SIDE, SIDE), np.float32)
    part = np.zeros((SIDE, SIDE), np.uint8)
    part[20:236, 90:166] = 2
    fit = Fit(np.zeros((35, 3)), np.zeros(6), np.zeros(3), np.zeros(3), landmarks, 1.0, 1.0)
    verdict = Verdict(1.0, 0.9, 1.0, 1.0, "", np.ones(25, bool))
    body = BodyPicture(part, flat, flat)
    groups = np.full((SIDE, SIDE), -1, np.int8)
    return FittedPerson(0, seen, fit, np.ones((4, 3)), body, groups, verdict)


class Labeller:
    """Gives everybody the same body."""

    def __init__(self, teachers: Painted, device: object, settings: FitSettings) -> None:
        self.teachers = teachers

    def people(self, sights: list, tracks: list[list[int]]) -> list[list[FittedPerson]]:
        assert tracks == [[0]] * len(sights)
        return [[fitted(0.0)] for _ in sights]


@pytest.fixture
def teachers(monkeypatch: pytest.MonkeyPatch) -> Painted:
    teachers = Painted()
    monkeypatch.setattr(clip, "Teachers", lambda *_: teachers)
    monkeypatch.setattr(clip, "FitLabeller", Labeller)
    monkeypatch.setattr(clip, "WINDOW", 2)
    return teachers


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "shot"
    folder.mkdir()
    for k in range(FRAMES):
        cv2.imwrite(str(folder / f"{k:03d}.png"), painted())
    return folder


def test_the_job_writes_a_dataset_and_goes_on(
    teachers: Painted, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    report = clip.label_clip(source, out, end=Fraction(3, 25))
    assert (report.photos, report.people, report.surfaces) == (3, 3, 3)
    looked = teachers.looked
    report = clip.label_clip(source, out)
    assert (report.photos, report.before) == (2, 3)
    assert teachers.looked > looked
    names = {record.name for record in DensePoseDataset(out)}
    assert names == {f"images/shot_{40 * k:08d}.jpg" for k in range(FRAMES)}
    assert clip.label_clip(source, out).before == FRAMES
    assert clip.label_clip(source, tmp_path / "few", every=2).photos == 3


def test_bad_input(source: Path, tmp_path: Path, teachers: Painted) -> None:
    with pytest.raises(InputError, match="no device"):
        clip.label_clip(source, tmp_path / "set", device="abacus")
    with pytest.raises(InputError):
        clip.label_clip(tmp_path / "gone", tmp_path / "set")


def test_a_body_that_jumps_is_refused() -> None:
    places = [0.0, 0.01, 0.3, 0.03, 0.04, 0.05, 0.06]
    found = [[fitted(x)] for x in places]
    refused = [people[0].verdict.refused for people in clip.steady(found, [[4]] * len(places))]
    assert [bool(r) for r in refused] == [False, True, True, True, False, False, False]
    good = [[fitted(0.01 * t)] for t in range(4)]
    assert clip.steady(good, [[0]] * 4) == good


def test_far_apart_in_time_bodies_may_move_more() -> None:
    turning = [[fitted(x)] for x in (0.0, 0.1, 0.0)]
    assert clip.steady(turning, [[0]] * 3)[1][0].verdict.refused
    assert clip.steady(turning, [[0]] * 3, every=4) == turning
    assert FitSettings().sparse(1) == FitSettings()
    assert FitSettings().sparse(2).steady == FitSettings().steady / 8


def test_frames_of_a_pattern_are_named_after_the_folder(
    source: Path, tmp_path: Path, teachers: Painted
) -> None:
    out = tmp_path / "set"
    label = ["label-clip", str(source / "%03d.png"), "-o", str(out), "-q"]
    assert CliRunner().invoke(app, label).exit_code == 0
    assert {p.name.rsplit("_", 1)[0] for p in (out / "images").iterdir()} == {"shot"}


def test_frames_are_named_by_their_moment() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    frame = Frame(image, index=3, pts=3003, time_base=Fraction(1, 30000))
    assert clip.key_of(frame, "a") == "a_00000100"
    assert clip.key_of(replace(frame, pts=0), "a") == "a_00000000"
