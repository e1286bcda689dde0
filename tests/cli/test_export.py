"""`export` and `run --export`: one output a frame, the same from a video and from its store."""

from pathlib import Path
from typing import get_args

import av
import cv2
import numpy as np
import pytest

from ddp_video.exports import FORMATS
from ddp_video.settings import Preset

from ..conftest import frames_of

INPUT, OUTPUT = 2, 4  # exit codes
REPOSITORY = Path(__file__).parents[2]
FRAMES = 6


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def clip(tmp_path, make_clip, standin) -> Path:
    standin.flicker = True  # nobody in every other frame
    return make_clip(tmp_path / "clip.mp4", frames=FRAMES, sound=True)


@pytest.mark.parametrize("preset", [each for each in FORMATS if each != "retexture"])
def test_every_preset_from_a_video(preset, clip, tmp_path, command):
    outcome = command("export", clip, "--to", preset, "-o", tmp_path / "out")
    assert outcome.code == 0
    (name,) = names(tmp_path / "out")
    output = tmp_path / "out" / name
    assert f"{FRAMES} frames, up to 1 person" in outcome.out
    assert f"wrote {output}" in outcome.out
    if output.is_file():
        assert len(frames_of(output)) == FRAMES
    elif preset not in ("coco-json", "texture"):
        assert len(names(output)) == FRAMES


@pytest.mark.parametrize("preset", [each for each in FORMATS if each != "retexture"])
def test_every_preset_from_a_picture_into_a_new_folder(preset, tmp_path, command):
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((48, 64, 3), np.uint8))
    out = tmp_path / "new" / "deep"
    assert command("export", tmp_path / "photo.png", "--to", preset, "-o", out).code == 0
    (name,) = names(out)
    assert name == f"photo.{FORMATS[preset].picture}"


@pytest.mark.parametrize("preset", ["npz", "part-png"])
def test_a_store_gives_the_same_to_the_byte(preset, clip, tmp_path, command):
    command("infer", clip, "-o", tmp_path / "clip.ddp")
    command("smooth", tmp_path / "clip.ddp", "--radius", 1, "-o", tmp_path / "smooth" / "clip.ddp")
    for source, folder, more in (
        (clip, "a", ("--radius", 1)),
        (tmp_path / "clip.ddp", "b", ("--radius", 1)),
        (tmp_path / "smooth" / "clip.ddp", "c", ()),  # as it is, by default
    ):
        assert command("export", source, "--to", preset, "-o", tmp_path / folder, *more).code == 0
    expected = content(tmp_path / "a")
    assert expected
    assert content(tmp_path / "b") == expected
    assert content(tmp_path / "c") == expected


def test_run_exports_what_it_draws(clip, tmp_path, command):
    out = tmp_path / "out"
    outcome = command("run", clip, "-o", out, "--view", "iuv", "--export", "part-png")
    assert outcome.code == 0
    assert names(out) == ["clip.iuv.mkv", "clip.metrics.json", "clip.part-png"]
    assert f"wrote {out / 'clip.part-png'}" in outcome.out
    for index, picture in enumerate(frames_of(out / "clip.iuv.mkv")):
        part = cv2.imread(str(out / "clip.part-png" / f"frame_{index:05d}.png"), -1)
        np.testing.assert_array_equal(part, picture[..., 2])


def test_texture_and_back(clip, tmp_path, command):
    out = tmp_path / "out"
    assert command("export", clip, "--to", "texture", "-o", out).code == 0
    atlas = out / "clip.texture" / "person_01.png"
    assert command("export", clip, "--to", "retexture", "--texture", atlas, "-o", out).code == 0
    with av.open(out / "clip.retexture.mp4") as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
    assert len(frames_of(out / "clip.retexture.mp4")) == FRAMES


def test_what_an_export_cannot_keep_is_said(clip, tmp_path, command, monkeypatch):
    assert command("export", clip, "--to", "texture", "-o", tmp_path).code == 0
    atlas = tmp_path / "clip.texture" / "person_01.png"
    monkeypatch.setattr("ddp_video.encode.stream_copy._is_empty", lambda stream: True)
    options = ("--texture", atlas, "-o", tmp_path)
    outcome = command("export", clip, "--to", "retexture", *options)
    assert outcome.code == 0
    assert "a track of its sound is empty" in outcome.err


def test_a_span_begins_at_zero(clip, tmp_path, command):
    span = ("--start", "0.2", "--end", "0.5")
    assert command("export", clip, "--to", "magicanimate", "-o", tmp_path / "out", *span).code == 0
    with av.open(tmp_path / "out" / "clip.magicanimate.mp4") as container:
        assert next(container.decode(video=0)).pts == 0
    assert len(frames_of(tmp_path / "out" / "clip.magicanimate.mp4")) == 3


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--to", "viton"), INPUT, "viton-hd"),
        (("--to", "retexture"), INPUT, "--texture"),
        (("--to", "npz", "--texture", "a.png"), INPUT, "retexture"),
        (("--to", "npz", "--pickle"), INPUT, "detectron2"),
        (("--to", "npz", "--radius", "9"), INPUT, "0..5"),
        (("--to", "npz", "-o", "out.mp4"), OUTPUT, "folder"),
    ],
)
def test_bad_options(options, code, words, clip, command, standin):
    outcome = command("export", clip, *options)
    assert outcome.code == code
    assert len(outcome.err.splitlines()) == 1
    assert words in outcome.err
    assert standin.seen == 0


@pytest.mark.parametrize("preset", ["npz", "magicanimate"])
def test_what_exists_is_kept(preset, clip, tmp_path, command, standin):
    arguments = ("export", clip, "--to", preset, "-o", tmp_path / "out")
    assert command(*arguments).code == 0
    before, standin.seen = content(tmp_path / "out"), 0
    refused = command(*arguments)
    assert refused.code == OUTPUT
    assert "--overwrite" in refused.err
    assert standin.seen == 0
    assert command(*arguments, "--overwrite").code == 0
    assert content(tmp_path / "out") == before


@pytest.mark.parametrize("command_name", ["export", "run"])
def test_an_error_halfway_leaves_nothing(command_name, clip, tmp_path, command, standin):
    standin.fail_at = (4, KeyboardInterrupt())
    option = "--to" if command_name == "export" else "--export"
    outcome = command(command_name, clip, option, "npz", "-o", tmp_path / "out")
    assert outcome.code == 130
    assert not (tmp_path / "out").exists() or names(tmp_path / "out") == []


def test_every_preset_has_its_line_in_the_readme_and_the_help(ddp_video_):
    assert set(FORMATS) == set(get_args(Preset))
    text = ddp_video_("export", "--help").out
    assert [preset for preset in FORMATS if preset not in text] == []
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    missing = [preset for preset in FORMATS if f"\n| `{preset}` | " not in readme]
    assert missing == []


def test_four_frames_of_the_sample(tmp_path, ddp_video_):
    clip = REPOSITORY / "samples" / "crossing.mp4"
    span = ("--start", "2", "--end", "2.16")
    out = tmp_path / "out"
    options = ("--flow", "dis", "--view", "iuv", "--export", "npz")
    assert ddp_video_("run", clip, "-o", out, *span, *options).code == 0
    pictures = frames_of(out / "crossing.iuv.mkv")
    assert len(pictures) == len(names(out / "crossing.npz-frames")) == 4
    for index, vui in enumerate(pictures):
        path = out / "crossing.npz-frames" / f"frame_{index:05d}.npz"
        with np.load(path, allow_pickle=False) as arrays:
            assert len(arrays["scores"]) >= 1
            assert (arrays["part"] > 0).mean() > 0.01
            np.testing.assert_array_equal(arrays["part"], vui[..., 2])
            np.testing.assert_allclose(arrays["u"] * 255, vui[..., 1], atol=0.6)
            np.testing.assert_array_equal(arrays["person"] > 0, arrays["part"] > 0)
