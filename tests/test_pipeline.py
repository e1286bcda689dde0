import json
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

from ddp_video.errors import InputError, OutputError, VideoError
from ddp_video.pipeline import RunSettings, measure_video, output_stem, run
from ddp_video.pipeline.overlap import AHEAD, Clock, ahead, half_of_the_cores
from ddp_video.settings import EncodeSettings, RenderSettings


def strict_json(path: Path):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def times(path: Path) -> list[Fraction]:
    with av.open(path) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# ---------------------------------------------------------------------------- what is written


def test_a_clip_gives_a_video_and_its_metrics(tmp_path, make_clip, engines):
    clip = make_clip(tmp_path / "clip.mp4", frames=7, sound=True)
    done = []
    report = run(clip, tmp_path / "out", engines, progress=lambda *at: done.append(at))
    assert names(tmp_path / "out") == ["clip.contour.mp4", "clip.metrics.json"]
    assert times(tmp_path / "out" / "clip.contour.mp4") == times(clip)
    with av.open(tmp_path / "out" / "clip.contour.mp4") as container:
        assert [stream.codec_context.name for stream in container.streams.audio] == ["aac"]
    assert [at for at, _ in done] == [1, 2, 3, 4, 5, 6, 7]
    assert report.frames == 7
    assert report.people == (1,) * 7


def test_the_metrics_file(tmp_path, make_clip, engines):
    clip = make_clip(tmp_path / "clip.mp4", frames=5)
    run(clip, tmp_path, engines)
    content = strict_json(tmp_path / "clip.metrics.json")
    assert content["people_per_frame"] == [1] * 5
    assert content["frames"] == 5
    assert content["steadiness"]["raw"]["pairs"] == 4
    assert content["steadiness"]["raw"]["region"] == "frame"
    assert content["steadiness"]["raw"]["itf_db"] == measure_video(clip)[0].itf_db
    assert set(content["steadiness"]["unsmoothed"]) == {"video", "black"}
    assert set(content["steadiness"]["smoothed_by_radius"]) == {"2"}
    assert {"decode", "infer", "smooth", "render", "measure", "encode", "total"} == set(
        content["seconds"]
    )
    assert {"ddp_video", "torch", "torchvision", "av"} == set(content["versions"])
    assert content["settings"]["radii"] == [2]
    assert content["flow"] == "DIS"


def test_a_person_who_does_not_move_is_perfectly_steady_on_black(tmp_path, make_clip, engines):
    clip = make_clip(tmp_path / "clip.mp4", frames=5, still=True)
    report = run(clip, tmp_path, engines)
    still = report.rendered[2]["black"]
    assert (still.itf_db, still.pairs, still.n_identical) == (None, 4, 4)
    strict_json(tmp_path / "clip.metrics.json")


def test_one_stage_after_the_other_gives_the_same(tmp_path, make_clip, engines):
    clip = make_clip(tmp_path / "clip.mp4", frames=6)
    reports = [
        run(clip, tmp_path / str(overlap), engines, overlap=overlap) for overlap in (True, False)
    ]
    assert reports[0].rendered == reports[1].rendered
    assert reports[0].people == reports[1].people
    files = [tmp_path / str(overlap) / "clip.contour.mp4" for overlap in (True, False)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_smoothing_steadies_a_flicker(tmp_path, make_clip, engines, standin):
    standin.flicker = True
    clip = make_clip(tmp_path / "clip.mp4", frames=9, still=True)
    report = run(clip, tmp_path, engines, RunSettings(radii=(1, 3)), name_radii=True)
    assert report.people == (1, 0, 1, 0, 1, 0, 1, 0, 1)
    itf = [report.rendered[radius]["black"].itf_db for radius in (0, 1)]
    assert itf[0] is not None
    assert itf[1] is None or itf[1] > itf[0]


def test_several_radii_share_one_inference(tmp_path, make_clip, engines, standin):
    clip = make_clip(tmp_path / "clip.mp4", frames=6)
    run(clip, tmp_path / "out", engines, RunSettings(radii=(0, 1, 2)), name_radii=True)
    assert standin.seen == 6
    assert names(tmp_path / "out") == [
        "clip.smooth-r0.contour.mp4",
        "clip.smooth-r1.contour.mp4",
        "clip.smooth-r2.contour.mp4",
        "clip.smooth.metrics.json",
    ]


def test_several_radii_never_share_a_file(tmp_path, make_clip, engines):
    clip = make_clip(tmp_path / "clip.mp4", frames=3)
    report = run(clip, tmp_path / "out", engines, RunSettings(radii=(0, 1)))
    assert [path.name for path in report.written] == names(tmp_path / "out")
    assert names(tmp_path / "out") == [
        "clip.smooth-r0.contour.mp4",
        "clip.smooth-r1.contour.mp4",
        "clip.smooth.metrics.json",
    ]


@pytest.mark.parametrize(
    ("render", "encode", "name", "pixels"),
    [
        (RenderSettings("parts"), EncodeSettings(), "clip.parts.mp4", "yuv420p"),
        (RenderSettings("mask"), EncodeSettings(), "clip.mask.mp4", "yuv420p"),
        (RenderSettings("iuv"), EncodeSettings(), "clip.iuv.mkv", "bgr0"),
        (RenderSettings("contour", "black"), EncodeSettings("ffv1"), "clip.contour.mkv", "bgr0"),
        (RenderSettings("contour", "transparent"), EncodeSettings(), "clip.contour.mkv", "bgra"),
    ],
)
def test_views_and_their_files(tmp_path, make_clip, engines, render, encode, name, pixels):
    clip = make_clip(tmp_path / "clip.mp4", frames=3)
    settings = RunSettings(radii=(0,), render=render, encode=encode)
    run(clip, tmp_path / "out", engines, settings)
    assert names(tmp_path / "out") == sorted([name, "clip.metrics.json"])
    with av.open(tmp_path / "out" / name) as container:
        assert container.streams.video[0].codec_context.pix_fmt == pixels
        assert len(list(container.decode(video=0))) == 3


def test_a_label_video_is_exact(tmp_path, make_clip, engines):
    clip = make_clip(tmp_path / "clip.mp4", frames=2)
    run(clip, tmp_path, engines, RunSettings(radii=(0,), render=RenderSettings("iuv")))
    with av.open(tmp_path / "clip.iuv.mkv") as container:
        labels = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert sorted(np.unique(labels[..., 0])) == [0, 2]


def test_a_picture_gives_a_picture(tmp_path, engines):
    cv2.imwrite(str(tmp_path / "photo.png"), np.full((48, 64, 3), 90, np.uint8))
    report = run(
        tmp_path / "photo.png",
        tmp_path / "out",
        engines,
        RunSettings(render=RenderSettings("iuv")),
    )
    assert names(tmp_path / "out") == ["photo.iuv.png", "photo.metrics.json"]
    part, u, v = cv2.split(cv2.imread(str(tmp_path / "out" / "photo.iuv.png")))
    assert part[24, 32] == 2
    # a grid cell is 4 pixels: x = 32.5/4 − .5 = 7.625 of 0..15, y = 24.5/4 − .5 = 5.625 of 0..11
    assert u[24, 32] == round(255 * 7.625 / 15)
    assert v[24, 32] == round(255 * 5.625 / 11)
    assert not part[:8].any()
    assert report.raw is None
    assert strict_json(tmp_path / "out" / "photo.metrics.json")["steadiness"]["raw"] is None


def test_a_span_of_time(tmp_path, make_clip, engines):
    clip = make_clip(tmp_path / "clip.mp4", frames=10)
    settings = RunSettings(start=Fraction("0.3"), end=Fraction("0.7"))
    expected = []
    report = run(clip, tmp_path, engines, settings, lambda _, total: expected.append(total))
    assert report.frames == 4
    assert set(expected) == {4}


# ------------------------------------------------------------------------- what is not written


def test_a_failure_in_the_middle_leaves_no_file(tmp_path, make_clip, engines, standin):
    standin.fail_at = (5, VideoError("broken"))
    clip = make_clip(tmp_path / "clip.mp4", frames=9)
    with pytest.raises(VideoError, match="broken"):
        run(clip, tmp_path / "out", engines)
    assert names(tmp_path / "out") == []


def test_an_interruption_leaves_no_file(tmp_path, make_clip, engines):
    def interrupt(done, _):
        if done == 3:
            raise KeyboardInterrupt

    clip = make_clip(tmp_path / "clip.mp4", frames=9)
    with pytest.raises(KeyboardInterrupt):
        run(clip, tmp_path / "out", engines, progress=interrupt)
    assert names(tmp_path / "out") == []


@pytest.mark.parametrize("existing", ["clip.contour.mp4", "clip.metrics.json"])
def test_existing_files_are_refused_before_any_work(
    tmp_path, make_clip, engines, standin, existing
):
    clip = make_clip(tmp_path / "clip.mp4", frames=3)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / existing).write_text("mine")
    with pytest.raises(OutputError):
        run(clip, tmp_path / "out", engines)
    assert standin.seen == 0
    assert names(tmp_path / "out") == [existing]
    assert (tmp_path / "out" / existing).read_text() == "mine"
    run(clip, tmp_path / "out", engines, RunSettings(overwrite=True))
    assert names(tmp_path / "out") == ["clip.contour.mp4", "clip.metrics.json"]


def test_the_input_is_never_replaced(tmp_path, make_clip, engines):
    clip = make_clip(tmp_path / "clip.mp4", frames=3)
    content = clip.read_bytes()
    (tmp_path / "clip.contour.mp4").hardlink_to(clip)
    with pytest.raises(OutputError):
        run(clip, tmp_path, engines, RunSettings(overwrite=True))
    assert clip.read_bytes() == content


def test_no_radius_is_refused(tmp_path, make_clip, engines):
    with pytest.raises(InputError):
        run(make_clip(tmp_path / "clip.mp4"), tmp_path, engines, RunSettings(radii=()))


# ------------------------------------------------------------------------------------ streaming


def test_memory_is_bounded_by_the_window(tmp_path, make_clip, engines, standin):
    """Inference is at most the window's half, and what two stages run ahead, before the writing."""
    clip = make_clip(tmp_path / "clip.mp4", frames=30)
    lead = []
    run(clip, tmp_path, engines, progress=lambda done, _: lead.append(standin.seen - done))
    assert len(lead) == 30
    assert max(lead) <= 2 + 2 * AHEAD + 1


def test_ahead_keeps_order_and_ends():
    assert list(ahead(iter(range(10)), 3)) == list(range(10))
    assert list(ahead(iter([]), 3)) == []


def test_smoothing_leaves_half_of_the_cores_to_inference():
    before = torch.get_num_threads()
    used = ahead((torch.get_num_threads() for _ in range(3)), 2, half_of_the_cores())
    assert list(used) == [max(1, before // 2)] * 3
    assert torch.get_num_threads() == before


def test_ahead_hands_on_an_error_where_it_happened():
    def broken():
        yield 1
        yield 2
        raise VideoError("third")

    got = []
    with pytest.raises(VideoError, match="third"):
        for item in ahead(broken(), 5):
            got.append(item)
    assert got == [1, 2]


def test_ahead_stops_working_when_it_is_closed():
    taken = []

    def endless():
        while True:
            taken.append(None)
            yield len(taken)

    items = ahead(endless(), 2)
    assert next(items) == 1
    items.close()
    assert len(taken) <= 3


def test_time_is_charged_to_the_stage_that_took_it():
    clock = Clock()
    clock.seconds = {"decode": 1.0, "infer": 5.0, "awaited": 3.5, "smooth": 6.0, "encode": 2.0}
    assert clock.exclusive() == {"decode": 1.0, "infer": 4.0, "smooth": 2.5, "encode": 2.0}


# ------------------------------------------------------------------------------------- the rest


@pytest.mark.parametrize(
    ("source", "stem"),
    [
        ("clip.mp4", "clip"),
        ("clip.final.mp4", "clip.final"),
        ("shots/frame_%05d.png", "frame"),
        ("shots/%05d.png", "shots"),
    ],
)
def test_outputs_are_named_after_the_source(source, stem):
    assert output_stem(Path(source)) == stem


def test_a_folder_gives_its_name(tmp_path, monkeypatch):
    (tmp_path / "take.2").mkdir()
    assert output_stem(tmp_path / "take.2") == "take.2"
    monkeypatch.chdir(tmp_path / "take.2")
    assert output_stem(Path()) == "take.2"


def test_steadiness_of_a_file_on_its_own(tmp_path, make_clip):
    seen = []
    result, warnings = measure_video(
        make_clip(tmp_path / "a.mp4", frames=4), lambda *at: seen.append(at)
    )
    assert (result.pairs, warnings) == (3, ())
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_steadiness_of_a_picture_is_refused(tmp_path):
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(InputError, match="one picture"):
        measure_video(tmp_path / "photo.png")
