import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import ddp_video
from ddp_video import weights as registry
from ddp_video.cli.options import parse_time
from ddp_video.errors import InputError
from ddp_video.measure import SteadinessResult
from ddp_video.nearness import network_size
from ddp_video.network import build
from ddp_video.network.device import choose_precision
from ddp_video.settings import Architecture, InferSettings, SmoothSettings

SMALL = Architecture(width=0.25, channels=16, hidden=16, tower_depth=1)


def row(table: str, name: str) -> list[str]:
    """The cells of a table's row, without the lines around them."""
    (line,) = [each for each in table.splitlines() if name in each.replace("│", " ")]
    return [cell.strip() for cell in line.strip("│┃ ").split("│")]


# ------------------------------------------------------------------------------- run and smooth


def test_run_says_what_was_written_and_measured(tmp_path, command, make_clip):
    clip = make_clip(tmp_path / "clip.mp4", frames=5)
    outcome = command("run", clip, "-o", tmp_path / "out")
    assert outcome.code == 0
    assert outcome.err.splitlines() == ["flow: DIS"]  # no progress bar: nobody watches
    assert "clip.contour.mp4" in outcome.out
    assert "5 frames, up to 1 person" in outcome.out
    figures = json.loads((tmp_path / "out" / "clip.metrics.json").read_text())["steadiness"]
    smoothed = figures["smoothed_by_radius"]["2"]
    assert row(outcome.out, "smoothed, r = 2")[1:] == [
        text
        for background in ("video", "black")
        for text in (
            f"{smoothed[background]['itf_db']:.2f}",
            f"{smoothed[background]['isi']:.4f}",
        )
    ]
    assert row(outcome.out, "unsmoothed")[3:] == ["–", "–"]  # on black nothing moves
    assert row(outcome.out, "clip.mp4 ")[1] == f"{figures['raw']['itf_db']:.2f}"


def test_quiet_says_nothing(tmp_path, command, make_clip):
    outcome = command("run", make_clip(tmp_path / "clip.mp4"), "-o", tmp_path / "out", "-q")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_smooth_compares_radii_in_one_inference(tmp_path, command, make_clip, standin):
    clip = make_clip(tmp_path / "clip.mp4", frames=6)
    arguments = ["smooth", clip, "-o", tmp_path / "out", "--radius", "1", "--radius", "3"]
    outcome = command(*arguments)
    assert outcome.code == 0
    assert standin.seen == 6
    for name in ("unsmoothed", "smoothed, r = 1", "smoothed, r = 3"):
        assert len(row(outcome.out, name)) == 5
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "clip.smooth-r1.contour.mp4",
        "clip.smooth-r3.contour.mp4",
        "clip.smooth.metrics.json",
    ]


def test_a_folder_of_videos_and_a_picture(tmp_path, command, make_clip):
    (tmp_path / "takes").mkdir()
    make_clip(tmp_path / "takes" / "a.mp4", frames=2)
    make_clip(tmp_path / "takes" / "b.mp4", frames=3)
    cv2.imwrite(str(tmp_path / "photo.jpg"), np.zeros((48, 64, 3), np.uint8))
    outcome = command("run", tmp_path / "takes", tmp_path / "photo.jpg", "-o", tmp_path / "out")
    assert outcome.code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("a.contour.mp4", "a.metrics.json"),
        *("b.contour.mp4", "b.metrics.json"),
        *("photo.contour.png", "photo.metrics.json"),
    ]


def test_a_folder_of_frames_is_one_video(tmp_path, command):
    (tmp_path / "shot").mkdir()
    for index in range(4):
        picture = np.full((48, 64, 3), 20 * index, np.uint8)
        cv2.imwrite(str(tmp_path / "shot" / f"{index:05d}.png"), picture)
    assert command("run", tmp_path / "shot", "-o", tmp_path / "out").code == 0
    content = json.loads((tmp_path / "out" / "shot.metrics.json").read_text())
    assert content["frames"] == 4


def test_the_default_folder_is_the_present_one(tmp_path, command, make_clip, monkeypatch):
    clip = make_clip(tmp_path / "clip.mp4", frames=2)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert command("run", clip).code == 0
    assert (tmp_path / "here" / "clip.contour.mp4").is_file()


# -------------------------------------------------------------------------------------- metrics


def test_metrics_of_two_videos_and_the_gain(tmp_path, command, make_clip):
    slow, fast = make_clip(tmp_path / "slow.mp4"), make_clip(tmp_path / "fast.mp4", step=9)
    outcome = command("metrics", fast, slow, "--json")
    content = json.loads(outcome.out)
    before, after = content["videos"]
    assert before["source"] == str(fast)
    assert before["pairs"] == after["pairs"] == 7
    assert content["gain"]["itf_db"] == pytest.approx(after["itf_db"] - before["itf_db"])
    assert content["gain"]["isi"] == pytest.approx(after["isi"] - before["isi"])
    assert row(command("metrics", fast, slow).out, "gain")[1] == f"{content['gain']['itf_db']:+.2f}"


def test_metrics_of_a_video_and_itself(tmp_path, command, make_clip):
    clip = make_clip(tmp_path / "clip.mp4", frames=3)
    content = json.loads(command("metrics", clip, clip, "--json").out)
    assert len(content["videos"]) == 2
    assert content["gain"] == {"itf_db": 0, "isi": 0}


def test_metrics_of_a_video_in_which_nothing_moves(monkeypatch, command):
    nothing = SteadinessResult(None, None, 9, 9, 0, "frame")
    monkeypatch.setattr("ddp_video.cli.measuring.measure_video", lambda *_: (nothing, ()))
    outcome = command("metrics", "still.mp4", "other.mp4")
    assert row(outcome.out, "still.mp4")[1:] == ["–", "–", "9", "9"]
    assert row(outcome.out, "gain")[1:3] == ["–", "–"]
    assert json.loads(command("metrics", "still.mp4", "--json").out)["videos"][0]["itf_db"] is None


# ----------------------------------------------------------------------------- info and weights


@pytest.fixture
def manifest(tmp_path, monkeypatch):
    """A registry of one small network in the place of the shipped one."""
    torch.manual_seed(0)
    path = tmp_path / "registry" / "small.safetensors"
    path.parent.mkdir()
    registry.save_network(build(SMALL), SMALL, path)
    path.with_name("manifest.toml").write_text(
        f'[small]\nfile = "{path.name}"\nsha256 = "{registry.sha256_of(path)}"\ndefault = true\n'
        'licence = "CC0"\nmeasured = { "IoU on [pairs]" = 0.81 }\n'
    )
    monkeypatch.setattr(registry, "folder", lambda: path.parent)
    return path


def test_info_says_what_a_file_is_and_what_would_be_used(tmp_path, ddp_video_, make_clip, manifest):
    clip = make_clip(tmp_path / "clip.mp4", sound=True)
    outcome = ddp_video_("info", clip, "--device", "cpu", "--flow", "dis")
    assert outcome.code == 0
    for expected in ("64×48", "mpeg4", "10.000 frames/s", "aac", "cpu", "small", "DIS", "0.80 s"):
        assert expected in outcome.out
    precision = choose_precision(torch.device("cpu"), InferSettings().precision)
    assert f"torch.{row(outcome.out, 'precision')[1]}" == str(precision)
    h, w = network_size((48, 64), InferSettings())
    assert row(outcome.out, "network sees")[1].startswith(f"{w}×{h},")


def test_info_downloads_nothing(tmp_path, ddp_video_, make_clip, manifest, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))  # empty

    def download(*_, **__):
        raise AssertionError("downloaded")

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    outcome = ddp_video_("info", make_clip(tmp_path / "clip.mp4"), "--flow", "raft-small")
    assert outcome.code == 0
    assert "would download" in row(outcome.out, "flow")[1]
    assert not (tmp_path / "cache").exists()


def test_info_of_a_picture(tmp_path, ddp_video_, manifest):
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((20, 30, 3), np.uint8))
    outcome = ddp_video_("info", tmp_path / "photo.png")
    assert outcome.code == 0
    assert "30×20" in outcome.out
    assert "rate" not in outcome.out


def test_weights_are_listed_checked_and_found(ddp_video_, manifest):
    listed = ddp_video_("weights", "list").out
    assert "small (default)" in listed
    assert "CC0" in listed
    assert "IoU on [pairs]: 0.81" in listed
    assert ddp_video_("weights", "verify").out == "small: whole\n"
    assert ddp_video_("weights", "path").out == f"{manifest}\n"
    assert ddp_video_("weights", "path", "small").out == f"{manifest}\n"


def test_changed_weights_are_refused(tmp_path, ddp_video_, manifest, make_clip):
    manifest.write_bytes(manifest.read_bytes() + b"\0")
    clip = make_clip(tmp_path / "clip.mp4")
    for arguments in (["weights", "verify"], ["info", clip], ["run", clip, "-o", tmp_path]):
        outcome = ddp_video_(*arguments)
        assert outcome.code == 5
        assert "is not the file that the manifest describes" in outcome.err
        assert len(outcome.err.splitlines()) == 1


def test_unknown_names(ddp_video_, manifest):
    outcome = ddp_video_("weights", "path", "large")
    assert outcome.code == 5
    assert "known: small" in outcome.err


def test_the_whole_way_with_a_real_network(tmp_path, ddp_video_, make_clip, manifest):
    """Random weights find what they find; the way through must work all the same."""
    clip = make_clip(tmp_path / "clip.mp4", frames=3)
    arguments = ["run", clip, "-o", tmp_path / "out", "--threshold", "0", "--device", "cpu"]
    outcome = ddp_video_(*arguments)
    assert outcome.code == 0
    content = json.loads((tmp_path / "out" / "clip.metrics.json").read_text())
    assert content["weights"] == {"name": "small", "sha256": registry.sha256_of(manifest)}
    assert content["frames"] == 3


# ----------------------------------------------------------------------------------- help texts


@pytest.mark.parametrize(
    "verb",
    [
        "run",
        "infer",
        "smooth",
        "render",
        "export",
        "metrics",
        "info",
        "train",
        "label-photos",
        "label-clip",
    ],
)
def test_help_has_examples_and_exit_codes(ddp_video_, verb):
    text = ddp_video_(verb, "--help").out
    assert f"ddp-video {verb} " in text
    assert "Exit codes" in text
    assert "\x08" not in text


def test_defaults_in_help_are_those_of_the_settings(ddp_video_):
    text = ddp_video_("run", "--help").out
    assert f"[default: {InferSettings().threshold}]" in text
    assert f"[default: {SmoothSettings().radius}]" in text
    assert f"[default: {SmoothSettings().radius}]" in ddp_video_("smooth", "--help").out


def test_version(ddp_video_):
    assert ddp_video_("--version").out == f"ddp-video {ddp_video.__version__}\n"


def test_public_names_are_there():
    for name in ddp_video.__all__:
        assert getattr(ddp_video, name) is not None
    with pytest.raises(AttributeError):
        _ = ddp_video.nothing
    assert set(ddp_video.__all__) <= set(dir(ddp_video))


def test_the_package_is_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "ddp_video", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"ddp-video {ddp_video.__version__}\n"


def test_help_needs_no_heavy_library():
    code = (
        "import sys; from typer.testing import CliRunner; from ddp_video.cli.app import app\n"
        "result = CliRunner().invoke(app, ['run', '--help'])\n"
        "heavy = {'torch', 'numpy', 'cv2', 'av'} & set(sys.modules)\n"
        "sys.exit(f'{result.exit_code} {heavy}' if result.exit_code or heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# --------------------------------------------------------------------------------- label-photos


def test_labelling_hands_its_options_on(tmp_path, ddp_video_, monkeypatch):
    photos = pytest.importorskip("ddp_video.fitting.photos")
    asked = []

    def label(*positional, progress, **named):
        progress(1, 2)
        asked.append((positional, named))
        return photos.LabelReport(tmp_path / "out", 3, 5, 4, 2, {"x": "no person"})

    monkeypatch.setattr(photos, "label_photos", label)
    arguments = [
        "label-photos",
        tmp_path,
        "-o",
        tmp_path / "out",
        "--teachers",
        "t",
        "--limit",
        "9",
    ]
    outcome = ddp_video_(*arguments)
    assert outcome.code == 0
    named = {"method": "fit", "device": "cpu", "preview": False, "threads": 1, "limit": 9}
    assert asked == [((tmp_path, tmp_path / "out", Path("t")), named)]
    assert "3 photos labelled (2 were before), 5 people, 4 with surface labels" in outcome.out


def test_labelling_without_teachers(tmp_path, ddp_video_, monkeypatch):
    pytest.importorskip("scipy")
    monkeypatch.delenv("DDP_VIDEO_TEACHERS", raising=False)
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((20, 30, 3), np.uint8))
    outcome = ddp_video_("label-photos", tmp_path, "-o", tmp_path / "out")
    assert outcome.code == 6
    assert "--teachers" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_labelling_a_clip_hands_its_options_on(tmp_path, ddp_video_, monkeypatch):
    pytest.importorskip("warp")
    clip = pytest.importorskip("ddp_video.fitting.clip")
    photos = pytest.importorskip("ddp_video.fitting.photos")
    asked = []

    def label(*positional, progress, **named):
        progress(1, 2)
        asked.append((positional, named))
        return photos.LabelReport(tmp_path / "out", 3, 5, 4, 2)

    monkeypatch.setattr(clip, "label_clip", label)
    arguments = ["label-clip", "a.mp4", "-o", tmp_path / "out", "--start", "0:01", "--every", "2"]
    outcome = ddp_video_(*arguments)
    assert outcome.code == 0
    named = {"end": None, "every": 2, "device": "cpu", "preview": False, "threads": 1}
    assert asked == [((Path("a.mp4"), tmp_path / "out", None), {"start": Fraction(1), **named})]
    assert "3 frames labelled (2 were before), 5 people, 4 with surface labels" in outcome.out


# ---------------------------------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", Fraction(0)),
        ("12.5", Fraction(25, 2)),
        (".04", Fraction(1, 25)),
        ("90", Fraction(90)),
        ("1:02.5", Fraction(125, 2)),
        ("01:02:03.250", Fraction(14893, 4)),
        ("100:00:00", Fraction(360000)),
    ],
)
def test_times(text, seconds):
    assert parse_time(text, "--start") == seconds


@pytest.mark.parametrize("text", ["", "-1", "1:60", "60:00", "1:2:3:4", "1e3", "nan", "inf", "½"])
def test_what_is_no_time(text):
    with pytest.raises(InputError):
        parse_time(text, "--start")
