"""Infer once, then smooth, run, render, measure and show from the store."""

import json
import shutil
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import ddp_video
from ddp_video.decode import FrameReader
from ddp_video.pipeline import RunSettings, infer, run
from ddp_video.settings import EncodeSettings

INPUT, PREDICTIONS, OUTPUT = 2, 7, 4  # exit codes


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def black(path: Path, radius: str) -> dict:
    return json.loads(path.read_text())["steadiness"]["smoothed_by_radius"][radius]["black"]


@pytest.fixture
def clip(tmp_path, make_clip) -> Path:
    return make_clip(tmp_path / "clip.mp4", frames=20, sound=True, step=2)


@pytest.fixture
def store(tmp_path, clip, command) -> Path:
    assert command("infer", clip, "-o", tmp_path / "x.ddp", "-q").code == 0
    return tmp_path / "x.ddp"


def pixels(video: Path) -> np.ndarray:
    with FrameReader(video) as reader:
        return np.stack([frame.image for frame in reader])


def refused(outcome, code: int, *words: str) -> None:
    assert outcome.code == code
    lines = [line for line in outcome.err.splitlines() if not line.startswith("flow: ")]
    assert len(lines) == 1, outcome.err
    for word in words:
        assert word in outcome.err


# ---------------------------------------------------------------------------------- same results


def test_by_way_of_stores_the_video_is_the_same_to_the_pixel(
    tmp_path, clip, store, command, standin
):
    standin.flicker = True
    exact = ("--codec", "ffv1")  # x264 does not repeat itself exactly
    assert command("run", clip, "-o", tmp_path / "whole", "--flow", "dis", *exact).code == 0
    (store / "header.json").unlink()
    shutil.rmtree(store)
    assert command("infer", clip, "-o", store).code == 0
    asked = standin.seen
    steady = tmp_path / "steady.ddp"
    assert command("smooth", store, "--radius", 2, "-o", steady).code == 0
    assert command("render", steady, "-o", tmp_path / "drawn", *exact).code == 0
    assert command("run", store, "-o", tmp_path / "again", *exact).code == 0
    assert standin.seen == asked  # nothing was inferred again
    expected = pixels(tmp_path / "whole" / "clip.contour.mkv")
    np.testing.assert_array_equal(pixels(tmp_path / "drawn" / "steady.contour.mkv"), expected)
    np.testing.assert_array_equal(pixels(tmp_path / "again" / "x.contour.mkv"), expected)
    assert names(tmp_path / "drawn") == ["steady.contour.mkv"]
    measured = black(tmp_path / "whole" / "clip.metrics.json", "2")
    assert black(tmp_path / "again" / "x.metrics.json", "2") == measured
    (video,) = json.loads(command("metrics", steady, "--json").out)["videos"]
    assert {key: video[key] for key in measured} == measured


def test_metrics_of_a_store_with_its_video_and_without(tmp_path, clip, store, command):
    content = json.loads(command("metrics", store, store, "--json").out)
    (video, _), gain, told = content["videos"], content["gain"], content["definitions"]
    assert {"flips", "uv_change", "iuv_change", "flow_difference"} < video.keys()
    assert "uv_error" not in video  # no truth beside the clip
    assert set(gain.values()) <= {0, None}
    assert set(told) == video.keys() - {"source", "pairs", "n_empty"}
    assert "flips" in command("metrics", store).out
    clip.unlink()
    alone = command("metrics", store, "--json")
    assert "only ITF and ISI" in alone.err
    (same,) = json.loads(alone.out)["videos"]
    assert same["itf_db"] == video["itf_db"]
    assert "flips" not in same


def test_smoothing_a_video_straight_into_a_store(tmp_path, clip, store, command):
    for source, name in ((clip, "a.ddp"), (store, "b.ddp")):
        assert command("smooth", source, "--radius", 1, "-o", tmp_path / name).code == 0
    one, other = content(tmp_path / "a.ddp"), content(tmp_path / "b.ddp")
    assert one == other


def test_a_span(tmp_path, clip, command):
    span = ("--start", "0.5", "--end", "1.2")
    assert command("infer", clip, "-o", tmp_path / "x.ddp", *span).code == 0
    lossless = ("--radius", 0, "--codec", "ffv1")
    command("run", clip, "-o", tmp_path / "a", *lossless, *span)
    command("run", tmp_path / "x.ddp", "-o", tmp_path / "b", *lossless)
    one, other = (tmp_path / "a" / "clip.contour.mkv", tmp_path / "b" / "x.contour.mkv")
    np.testing.assert_array_equal(pixels(one), pixels(other))
    part = command("render", tmp_path / "x.ddp", "-o", tmp_path / "c", "--end", "0.7")
    assert part.code == 0
    with av.open(tmp_path / "c" / "x.contour.mp4") as video:
        assert len(list(video.decode(video=0))) == 2
    outside = command("render", tmp_path / "x.ddp", "-o", tmp_path / "d", "--end", "1.5")
    refused(outside, PREDICTIONS, "no prediction for the frame at 1.200 s")
    assert names(tmp_path / "d") == []


def test_a_picture_and_a_series(tmp_path, command):
    shots = tmp_path / "shots"
    shots.mkdir()
    for number in range(3):
        cv2.imwrite(str(shots / f"{number}.png"), np.full((48, 64, 3), 80 * number, np.uint8))
    for source in (shots, shots / "%d.png", shots / "1.png"):
        store = tmp_path / f"{source.stem.strip('%')}.ddp"
        assert command("infer", source, "-o", store).code == 0
        assert command("run", store, "-o", tmp_path / "out").code == 0
        assert command("infer", source, "-o", store).code == 0
    assert names(tmp_path / "out") == [
        *("1.contour.png", "1.metrics.json", "d.contour.mp4", "d.metrics.json"),
        *("shots.contour.mp4", "shots.metrics.json"),
    ]
    refused(command("metrics", tmp_path / "1.ddp"), INPUT, "one picture")


# ------------------------------------------------------------------------------------ infer, keep


def test_infer_says_what_it_wrote_and_does_nothing_twice(tmp_path, clip, command, standin):
    for _ in range(2):
        outcome = command("infer", clip, "-o", tmp_path / "x.ddp")
        assert outcome.code == 0
        assert f"wrote {tmp_path / 'x.ddp'}: 20 frames, " in outcome.out
        assert standin.seen == 20


def test_the_usual_name(tmp_path, clip, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command("infer", clip).code == 0
    assert names(tmp_path) == ["clip.ddp", "clip.mp4"]


def test_a_failed_infer_goes_on(tmp_path, clip, store, command, standin):
    standin.fail_at = (17, KeyboardInterrupt())
    assert command("infer", clip, "-o", tmp_path / "y.ddp").code == 130
    refused(command("render", tmp_path / "y.ddp"), PREDICTIONS, "is not finished")
    standin.fail_at, standin.seen = None, 0
    assert command("infer", clip, "-o", tmp_path / "y.ddp").code == 0
    assert standin.seen == 4  # frames 16 to 19: the first chunk was there
    assert content(tmp_path / "y.ddp") == content(store)


def test_keep(tmp_path, clip, store, command, standin):
    out = tmp_path / "out"
    standin.fail_at = (18, KeyboardInterrupt())
    assert command("run", clip, "-o", out, "--keep").code == 130
    assert names(out) == ["clip.ddp"]
    standin.fail_at, standin.seen = None, 0
    outcome = command("run", clip, "-o", out, "--keep")
    assert outcome.code == 0
    assert f"wrote {out / 'clip.ddp'}" in outcome.out
    assert standin.seen == 4
    assert content(out / "clip.ddp") == content(store)


def test_a_damaged_chunk_is_made_anew(tmp_path, clip, store, command, standin):
    expected = content(store)
    chunk = store / "000001.safetensors"
    chunk.write_bytes(chunk.read_bytes()[:-1])
    outcome = command("info", store)
    refused(outcome, PREDICTIONS, "000001.safetensors (frames 16–19)")
    refused(command("render", store, "-o", tmp_path / "out"), PREDICTIONS, "000001.safetensors")
    assert names(tmp_path / "out") == []
    standin.seen = 0
    outcome = command("infer", clip, "-o", store)
    assert "000001.safetensors was damaged and was made anew" in outcome.err
    assert standin.seen == 4
    assert content(store) == expected


def test_info(store, command):
    outcome = command("info", store)
    assert outcome.code == 0
    for expected in ("clip.mp4", "version 1", "20 frames", "64×48", "16×12", "up to 1", "aac"):
        assert expected in outcome.out
    assert "every chunk is whole" in outcome.out


# ------------------------------------------------------------------------------------- refusals


def test_another_video(tmp_path, clip, store, command, make_clip):
    before = content(store)
    other = make_clip(tmp_path / "other.mp4", frames=4)
    outcome = command("infer", other, "-o", store)
    refused(outcome, PREDICTIONS, "the predictions of another source", "clip.mp4", "--overwrite")
    shutil.copy(other, clip)
    outcome = command("smooth", store, "-o", tmp_path / "out")
    refused(outcome, PREDICTIONS, "is another video than", "x.ddp was made from")
    clip.unlink()
    outcome = command("render", store, "-o", tmp_path / "out")
    refused(outcome, PREDICTIONS, "which is not there", "beside the store")
    assert content(store) == before


def test_store_and_video_moved_together(tmp_path, clip, store, command):
    moved = tmp_path / "moved"
    moved.mkdir()
    clip.rename(moved / clip.name)
    store.rename(moved / "y.ddp")
    assert command("render", moved / "y.ddp", "-o", tmp_path / "out").code == 0


def test_other_settings(tmp_path, clip, store, command):
    outcome = command("infer", clip, "-o", store, "--threshold", "0.9")
    refused(outcome, PREDICTIONS, "made with other weights or settings")
    outcome = command("infer", clip, "-o", store, "--end", "1")
    refused(outcome, PREDICTIONS, "another span of time")
    assert command("infer", clip, "-o", store, "--end", "1", "--overwrite").code == 0
    assert len(ddp_video.open_predictions(store)) == 10


def test_a_newer_version(tmp_path, clip, store, command):
    header = store / "header.json"
    header.write_text(header.read_text().replace('"version": 1', '"version": 2'))
    for arguments in (["render", store], ["info", store], ["infer", clip, "-o", store]):
        refused(command(*arguments), PREDICTIONS, "install a newer ddp-video")


def test_names_and_kinds(tmp_path, clip, store, command):
    refused(command("infer", clip, "-o", tmp_path / "out"), OUTPUT, "-o clip.ddp")
    refused(command("infer", store, "-o", tmp_path / "y.ddp"), INPUT, "holds predictions already")
    refused(command("render", clip), INPUT, "use `ddp-video run` on it")
    refused(command("run", tmp_path / "no.ddp"), INPUT, "no such file")
    steady = tmp_path / "steady.ddp"
    refused(command("smooth", store, clip, "-o", steady), INPUT, "holds one input")
    twice = ("--radius", 1, "--radius", 2)
    refused(command("smooth", store, *twice, "-o", steady), INPUT, "give --radius once")
    before = content(store)
    refused(command("smooth", store, "-o", store, "--overwrite"), OUTPUT, "the input itself")
    assert content(store) == before
    assert command("smooth", store, "-o", steady, "-q").code == 0
    refused(command("run", steady, "-o", tmp_path), INPUT, "is smoothed already (radius 2)")
    (tmp_path / "empty.ddp").mkdir()
    refused(command("render", tmp_path / "empty.ddp"), PREDICTIONS, "holds no stored predictions")


def test_a_store_that_exists_is_not_written_by_keep_with_other_settings(
    tmp_path, clip, store, command
):
    store.rename(tmp_path / "clip.ddp")
    outcome = command("run", clip, "-o", tmp_path, "--keep", "--threshold", "0.9")
    refused(outcome, PREDICTIONS, "made with other weights or settings")
    assert names(tmp_path) == ["clip.ddp", "clip.mp4"]


# ------------------------------------------------------------------------------- a real network

SAMPLE = Path(__file__).parents[2] / "samples" / "crossing.mp4"


def test_with_the_shipped_weights(tmp_path):
    """The stored form changes few labels, and both ways give the same file."""
    settings = RunSettings(radii=(0,), end=Fraction(1, 6), encode=EncodeSettings(codec="ffv1"))
    engines = ddp_video.load_engines(None, settings)
    report = infer(SAMPLE, tmp_path / "x.ddp", engines, settings)
    run(SAMPLE, tmp_path / "a", engines, settings)
    run(tmp_path / "x.ddp", tmp_path / "b", engines, settings)
    one, other = (tmp_path / "a" / "crossing.contour.mkv", tmp_path / "b" / "x.contour.mkv")
    np.testing.assert_array_equal(pixels(one), pixels(other))
    from ddp_video.render import labels

    changed = size = people = 0
    with FrameReader(SAMPLE, end=Fraction(1, 6)) as reader:
        network = engines.network()(reader)
        for (_, exact), stored in zip(network, report.stored, strict=True):
            before, after = labels(exact), labels(stored.prediction())
            changed += np.count_nonzero(before.part != after.part)
            size += before.part.size
            people += np.count_nonzero(before.part)
            both = (before.part == after.part) & (before.part > 0)
            assert np.abs(before.u - after.u)[both].max() < 1 / 200
    assert changed <= 0.001 * size
    assert changed <= 0.002 * people
    size = sum(path.stat().st_size for path in (tmp_path / "x.ddp").iterdir())
    assert size / len(report.stored) < 250e6 / 1800
