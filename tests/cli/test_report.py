"""`ddp-video report`: one file, or one line that says what to do next."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from ddp_video.measure import Steadiness
from ddp_video.render import draw, labels
from ddp_video.settings import RenderSettings
from ddp_video.store import open_predictions

INPUT, OUTPUT, PREDICTIONS = 2, 4, 7  # exit codes
FRAMES = 12


def data_of(page: Path) -> dict:
    found = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return json.loads(found[1])


def one_line(outcome) -> str:
    (line,) = outcome.err.splitlines()
    assert line.startswith("error: ")
    return line


@pytest.fixture
def store(tmp_path, make_clip, standin, command) -> Path:
    """Someone is there in every other frame."""
    standin.flicker = True
    clip = make_clip(tmp_path / "clip.mp4", frames=FRAMES, sound=True)
    command("infer", clip, "-o", tmp_path / "x.ddp")
    return tmp_path / "x.ddp"


@pytest.fixture
def smoothed(store, command) -> Path:
    path = store.with_name("y.ddp")
    command("smooth", store, "--radius", 1, "--flow", "dis", "-o", path)
    return path


def drawn_steadiness(store: Path) -> Steadiness:
    meter = Steadiness()
    for frame in open_predictions(store):
        meter.add(draw(labels(frame.prediction()), None, RenderSettings(background="black")))
    return meter


def test_one_store_against_its_smoothed_self_is_two_stores(store, smoothed, tmp_path, command):
    page, other = tmp_path / "one.html", tmp_path / "new" / "two.html"
    outcome = command("report", store, "-o", page, "--radius", 1, "--flow", "dis")
    assert outcome.code == 0
    assert f"wrote {page}: {FRAMES} frames" in outcome.out
    assert command("report", store, smoothed, "-o", other, "-q").code == 0
    one, two = data_of(page), data_of(other)
    assert one["series"] == two["series"]
    assert one["names"] == ["unsmoothed", "smoothed, r = 1"]
    assert two["names"] == ["x.ddp", "y.ddp"]
    assert one["times"] == two["times"] == [round(i / 10, 6) for i in range(FRAMES + 1)]


def test_the_figures_are_those_of_the_rendering(store, smoothed, tmp_path, command):
    command("report", store, smoothed, "-o", tmp_path / "r.html")
    for side, path in zip(data_of(tmp_path / "r.html")["series"], (store, smoothed), strict=True):
        expected = drawn_steadiness(path).result()
        assert side["totals"]["itf_db"] == pytest.approx(expected.itf_db, rel=1e-9)
        assert side["totals"]["isi"] == pytest.approx(expected.isi, rel=1e-9)


def test_what_is_left_out_is_told(store, tmp_path, command):
    command("report", store, "-o", tmp_path / "r.html", "--flow", "dis")
    content = data_of(tmp_path / "r.html")
    assert content["series"][0]["people"] == [1, 0] * (FRAMES // 2)
    assert any(f"6 of {FRAMES} frames without people" in line for line in content["left_out"])


def test_of_two_stores_the_common_frames_are_shown(store, smoothed, tmp_path, command):
    part = tmp_path / "part.ddp"
    command("infer", tmp_path / "clip.mp4", "-o", part, "--start", "0.3", "--end", "0.9")
    for pair in ((store, part), (part, store)):
        page = tmp_path / "r.html"
        assert command("report", *pair, "-o", page, "--overwrite").code == 0
        content = data_of(page)
        assert len(content["series"][0]["psnr"]) == 6
        assert content["times"][0] == 0
        assert f"{FRAMES - 6} frames are in one" in content["left_out"][0]


def test_the_default_name_and_no_overwriting(store, tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command("report", store, "--flow", "dis").code == 0
    assert (tmp_path / "x.report.html").is_file()
    outcome = command("report", store, "--flow", "dis")
    assert outcome.code == OUTPUT
    assert "--overwrite" in one_line(outcome)


def test_stores_of_different_videos(store, make_clip, tmp_path, command):
    make_clip(tmp_path / "other.mp4", frames=FRAMES, step=2)
    command("infer", tmp_path / "other.mp4", "-o", tmp_path / "other.ddp")
    outcome = command("report", store, tmp_path / "other.ddp", "-o", tmp_path / "r.html")
    assert outcome.code == INPUT
    assert "different videos (clip.mp4 and other.mp4)" in one_line(outcome)
    assert not (tmp_path / "r.html").exists()


def test_no_store(store, tmp_path, command):
    for arguments in ((tmp_path / "clip.mp4",), (store, tmp_path / "clip.mp4"), ("no.ddp",)):
        outcome = command("report", *arguments, "-o", tmp_path / "r.html")
        assert outcome.code == PREDICTIONS
        assert "no stored predictions" in one_line(outcome)


def test_smoothed_already(smoothed, tmp_path, command):
    outcome = command("report", smoothed, "-o", tmp_path / "r.html")
    assert outcome.code == INPUT
    assert "smoothed already" in one_line(outcome)


def test_options_that_make_no_sense(store, smoothed, tmp_path, command):
    for more, hint in (
        ((smoothed, "--radius", 2), "--radius"),
        ((smoothed, "--method", "paper"), "--method"),
        (("--radius", 0), "radius 0"),
        (("--view", "iuv"), "--view"),
        (("--background", "transparent"), "--background"),
        (("--clips", 0), "--clips"),
        (("--max-side", 1), "--max-side"),
        (("--start", 5), "5"),
    ):
        outcome = command("report", store, *more, "-o", tmp_path / "r.html", "--flow", "dis")
        assert outcome.code == INPUT
        assert hint in one_line(outcome)
    assert not (tmp_path / "r.html").exists()


def test_an_output_that_cannot_be_written(store, tmp_path, command):
    (tmp_path / "file").touch()
    for out in (tmp_path / "r.txt", tmp_path, tmp_path / "file" / "r.html", store):
        outcome = command("report", store, "-o", out, "--flow", "dis")
        assert outcome.code == OUTPUT
        assert "-o" in one_line(outcome)


def test_a_picture(tmp_path, command):
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((48, 64, 3), np.uint8))
    command("infer", tmp_path / "photo.png", "-o", tmp_path / "photo.ddp")
    outcome = command("report", tmp_path / "photo.ddp", "-o", tmp_path / "r.html", "--flow", "dis")
    assert outcome.code == INPUT
    assert "a report needs a video" in one_line(outcome)


def test_an_interrupted_report_leaves_nothing(store, tmp_path, command, monkeypatch):
    before = sorted(tmp_path.iterdir())

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ddp_video.report.write.assemble", stop)
    assert command("report", store, "-o", tmp_path / "r.html", "--flow", "dis").code == 130
    assert sorted(tmp_path.iterdir()) == before
