"""`ddp-video evaluate`, with a stand-in for the network and a body of one flat chart a part."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import ddp_video.cli.evaluate
from ddp_video.data import DatasetWriter, PersonLabel

from ..conftest import rectangle


class OnePerson:
    """Sees the stand-in's person in every picture."""

    def predict(self, frame, threshold=None):
        return rectangle(frame.size, True)

    def for_film(self, samples):
        return self


class Flat:
    """Distance = difference of U, in metres."""

    def node(self, part, u, v):
        return np.round(u * 1000).astype(int)

    def distance(self, a, b):
        return np.abs(a - b) / 1000


@pytest.fixture
def evaluate(ddp_video_, monkeypatch):
    monkeypatch.setattr(ddp_video.cli.evaluate, "_predictor", lambda *_: OnePerson())
    monkeypatch.setattr(ddp_video.cli.evaluate, "_geodesics", lambda _: Flat())
    return lambda *arguments: ddp_video_("evaluate", *arguments)


def labels() -> np.ndarray:
    """What the stand-in sees, as (48, 64, 3) I, 255·U, 255·V."""
    from ddp_video.render import iuv_array
    from ddp_video.render import labels as at_full_size

    return iuv_array(at_full_size(rectangle((48, 64), True)))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    truth = labels()
    with DatasetWriter(tmp_path / "set", ".png") as writer:
        person = PersonLabel(truth[..., 0] > 0)
        writer.add(np.zeros((48, 64, 3), np.uint8), [person], truth, key="a")
    return tmp_path / "set"


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    folder = tmp_path / "pairs"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.jpg"), np.zeros((48, 64, 3), np.uint8))
    cv2.imwrite(str(folder / "a_iuv.png"), labels())
    return folder


def test_a_dataset_without_naming_the_command(evaluate, dataset: Path, tmp_path: Path):
    done = evaluate(dataset, "--json", tmp_path / "f.json", "--errors", tmp_path / "e.png")
    assert done.code == 0, done.err
    figures = json.loads((tmp_path / "f.json").read_text())
    for kind in ("masks", "boxes", "gps", "gpsm"):
        assert figures[kind]["AP50"] == pytest.approx(100), kind
    assert figures["gpsm"]["APL"] is None and figures["agreement"]["parts_hands"] is None
    assert "GPSm" in done.out and "κ = 0.255 m" in done.out
    assert cv2.imread(str(tmp_path / "e.png")) is not None
    assert evaluate("dataset", dataset, "-q").out == ""


def test_kappa_by_part_is_said(evaluate, dataset: Path):
    assert "0.351" in evaluate(dataset, "--kappa", "parts").out


def test_pairs(evaluate, pairs: Path, tmp_path: Path):
    done = evaluate("pairs", pairs, "--json", tmp_path / "f.json")
    assert done.code == 0, done.err
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["mean"]["iou"] == figures["a"]["parts"] == 1
    assert figures["mean"]["parts_hands"] is None
    assert "1.000" in done.out


def test_clips(evaluate, make_clip, tmp_path: Path):
    make_clip(tmp_path / "clip.mp4", 4)
    done = evaluate("clips", tmp_path, "--json", tmp_path / "f.json")
    assert done.code == 0, done.err
    figures = json.loads((tmp_path / "f.json").read_text())["clip"]
    assert figures["frames"] == 4 and figures["tracks"] == 1 and figures["iou"] is None


def test_split(evaluate, pairs: Path, tmp_path: Path):
    done = evaluate("split", tmp_path, "--only", "pairs", "--json", tmp_path / "f.json")
    assert done.code == 0, done.err
    assert "met" in done.out and "pairs: parts" in done.out
    assert json.loads((tmp_path / "f.json").read_text())["pairs"]["mean"]["parts"] == 1


def test_an_unknown_part(evaluate, tmp_path: Path):
    done = evaluate("split", tmp_path, "--only", "pears")
    assert done.code == 2 and "pears" in done.err and "pairs" in done.err


def test_bad_input_is_one_line(evaluate, dataset: Path, tmp_path: Path):
    for arguments in (
        [tmp_path / "nothing"],
        ["pairs", tmp_path],
        ["clips", tmp_path / "nothing"],
        ["split", tmp_path, "--split", tmp_path / "nothing.toml"],
        [dataset, "--limit", 0],
        [dataset, "--split", "nobody"],
    ):
        done = evaluate(*arguments)
        assert done.code in (2, 6), arguments
        assert done.err.startswith("error") and done.err.count("\n") == 1, done.err


def test_options_out_of_bounds(ddp_video_, pairs: Path):
    for option, value in (("--short-side", 8), ("--threshold", 2)):
        done = ddp_video_("evaluate", "pairs", pairs, option, value)
        assert done.code == 2 and option in done.err


def test_a_folder_in_the_place_of_the_figures(evaluate, pairs: Path, tmp_path: Path):
    done = evaluate("pairs", pairs, "--json", tmp_path)
    assert done.code == 4 and "is a folder" in done.err


def test_files_of_distances_that_are_not_there(ddp_video_, dataset: Path, tmp_path: Path):
    done = ddp_video_("evaluate", dataset, "--geodesics", tmp_path)
    assert done.code == 6 and "Pdist_matrix.pkl" in done.err and done.err.count("\n") == 1


def test_teachers_that_are_not_there(ddp_video_, tmp_path: Path):
    (tmp_path / "clip.mp4").touch()
    done = ddp_video_("evaluate", "clips", tmp_path, "--teachers", tmp_path / "none")
    assert done.code == 6 and "rvm" in done.err


def test_no_half_sheet_after_an_error(evaluate, tmp_path: Path):
    evaluate("pairs", tmp_path, "--errors", tmp_path / "e.png")
    assert not list(tmp_path.glob("*.png"))


def test_outputs_are_checked_before_the_work(evaluate, pairs: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(OnePerson, "predict", lambda *_: pytest.fail("too late"))
    done = evaluate("pairs", pairs, "--errors", tmp_path / "e.xyz")
    assert done.code == 4 and ".png" in done.err
    for option in ("--json", "--errors"):
        done = evaluate("pairs", pairs, option, tmp_path / "no" / "such.png")
        assert done.code == 4 and "no folder" in done.err


def test_shipped_weights_on_the_pairs(ddp_video_, assets: Path, tmp_path: Path):
    """The figures of the model card, as far as one pair goes."""
    from ddp_video.weights import resolve

    pair = tmp_path / "pairs"
    pair.mkdir()
    for name in ("render_lee.jpg", "render_lee_iuv.png"):
        (pair / name).write_bytes((assets / "pairs" / name).read_bytes())
    done = ddp_video_("evaluate", "pairs", pair, "-q", "--json", tmp_path / "f.json")
    assert done.code == 0, done.err
    mean = json.loads((tmp_path / "f.json").read_text())["mean"]
    assert resolve().path.is_file() and mean["iou"] > 0.85 and mean["parts"] > 0.8
