"""Writing: what is written is read again, at its time, in its colours; and no half file is left."""

import errno
import os
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from ddp_video.decode import FrameReader, probe
from ddp_video.encode import VideoWriter, check_output, stream_copy, write_picture, writer
from ddp_video.encode.stream_copy import StreamCopy
from ddp_video.errors import OutputError, ShapeError
from ddp_video.settings import EncodeSettings
from ddp_video.types import VideoInfo

RATE = Fraction(25)
TICK = 1 / RATE
LOSSLESS = EncodeSettings(codec="ffv1")


def info_of(source: Path = Path("none"), **kwargs) -> VideoInfo:
    return VideoInfo(source, 64, 48, TICK, RATE, None, None, **kwargs)


def flat(level: int, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    return np.full((*size, 3), level, np.uint8)


def write_all(
    path: Path, images, settings=None, pts=None, time_base=TICK, durations=None, **kwargs
):
    size = images[0].shape[:2]
    with VideoWriter(path, kwargs.pop("info", info_of()), size, settings, **kwargs) as out:
        for i, image in enumerate(images):
            out.write(image, pts[i] if pts else i, time_base, durations[i] if durations else 1)
    return out


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- pictures ---


@pytest.mark.parametrize(
    "colour",
    [
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
        (68, 1, 84),
        (255, 255, 255),
        (0, 0, 0),
        (130, 140, 90),
    ],
)
def test_pure_colours_survive_h264(tmp_path, colour):
    image = np.full((48, 64, 3), colour, np.uint8)
    write_all(tmp_path / "a.mp4", [image] * 3, EncodeSettings(crf=1))
    for frame in FrameReader(tmp_path / "a.mp4"):
        assert np.abs(frame.image.astype(int) - image).max() <= 3


def test_colours_are_those_that_the_tags_say(tmp_path):
    """FFmpeg's own filter, told BT.709 limited, finds the same colours."""
    image = np.full((48, 64, 3), (200, 40, 90), np.uint8)
    write_all(tmp_path / "a.mp4", [image], EncodeSettings(crf=1))
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        context = stream.codec_context
        tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
        graph = av.filter.Graph()
        scale = "in_color_matrix=bt709:in_range=limited:flags=accurate_rnd+full_chroma_int"
        ends = graph.add_buffer(template=stream), graph.add("scale", scale)
        sink = graph.add("format", "rgb24"), graph.add("buffersink")
        graph.link_nodes(*ends, *sink).configure()
        graph.push(frame)
        shown = graph.pull().to_ndarray()
    assert tags == (1, 1, 1, 1)
    assert np.abs(shown.astype(int) - image).max() <= 3


def test_what_browsers_ask_for(tmp_path):
    write_all(tmp_path / "a.mp4", [flat(9), flat(99)], EncodeSettings(crf=0))
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # the index in front
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt, context.profile) == ("h264", "yuv420p", "High")


@pytest.mark.parametrize("size", [(35, 63), (36, 63), (35, 64)])
def test_odd_sides_repeat_their_last_line(tmp_path, size):
    image = np.zeros((*size, 3), np.uint8)
    image[:, -8:], image[-8:] = 200, 90
    write_all(tmp_path / "a.mp4", [image], EncodeSettings(crf=1))
    read = next(iter(FrameReader(tmp_path / "a.mp4"))).image
    even = np.pad(image, ((0, size[0] % 2), (0, size[1] % 2), (0, 0)), mode="edge")
    assert read.shape == even.shape
    assert np.abs(read.astype(int) - even).mean() < 3


@pytest.mark.parametrize("size", [(48, 64), (35, 63)])
def test_ffv1_is_exact(tmp_path, size):
    images = list(np.random.default_rng(0).integers(0, 256, (4, *size, 3), np.uint8))
    write_all(tmp_path / "a.mkv", images, LOSSLESS)
    for frame, image in zip(FrameReader(tmp_path / "a.mkv"), images, strict=True):
        np.testing.assert_array_equal(frame.image, image)


def test_ffv1_keeps_alpha(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 4), np.uint8)
    write_all(tmp_path / "a.mkv", [image], LOSSLESS)
    with av.open(str(tmp_path / "a.mkv")) as container:
        frame = next(container.decode(video=0))
    np.testing.assert_array_equal(frame.to_ndarray(format="rgba"), image)


def test_views_that_are_not_contiguous(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    write_all(tmp_path / "a.mkv", [image[::-1, :, ::-1]], LOSSLESS)
    frame = next(iter(FrameReader(tmp_path / "a.mkv")))
    np.testing.assert_array_equal(frame.image, image[::-1, :, ::-1])


# --- time ---


@pytest.mark.parametrize("pts", [[0, 23, 43, 63, 200, 201], [20, 40, 90, 91, 140, 141]])
def test_pts_and_last_duration_are_kept(tmp_path, pts):
    durations = [after - before for before, after in pairwise(pts)] + [1200]
    images = [flat(40 * i) for i in range(len(pts))]
    write_all(tmp_path / "a.mp4", images, pts=pts, time_base=Fraction(1, 600), durations=durations)
    read = list(FrameReader(tmp_path / "a.mp4"))
    assert [frame.time for frame in read] == [Fraction(p, 600) for p in pts]
    assert [frame.duration * frame.time_base for frame in read] == [
        Fraction(duration, 600) for duration in durations
    ]


def test_thirty_times_1000_1001(tmp_path):
    write_all(tmp_path / "a.mp4", [flat(i) for i in range(9)], time_base=Fraction(1001, 30000))
    times = [frame.time for frame in FrameReader(tmp_path / "a.mp4")]
    assert times == [Fraction(1001 * i, 30000) for i in range(9)]


def test_a_cut_begins_at_zero_and_a_late_clock_too(tmp_path):
    images = [flat(50)] * 3
    pts = [250, 251, 253]
    write_all(tmp_path / "cut.mp4", images, pts=pts, start=Fraction(10))
    late = info_of(start_time=Fraction(10))
    write_all(tmp_path / "late.mp4", images, pts=pts, info=late)
    for name in ("cut.mp4", "late.mp4"):
        times = [frame.time for frame in FrameReader(tmp_path / name)]
        assert times == [0, TICK, 3 * TICK]


def test_pixel_aspect(tmp_path):
    write_all(tmp_path / "a.mp4", [flat(5)], info=info_of(pixel_aspect=Fraction(4, 3)))
    assert probe(tmp_path / "a.mp4").pixel_aspect == Fraction(4, 3)


# --- sound and subtitles ---


def with_sound(
    path: Path,
    codec: str = "aac",
    rate: int = 44100,
    subtitles: str = "",
    seconds: int = 3,
    empty_track: bool = False,
    **kwargs,
) -> Path:
    """25 frames a second with a tone; the sound is stream 0."""
    with av.open(str(path), "w", **kwargs) as container:
        sound = container.add_stream(codec, rate=rate, layout="mono")
        video = container.add_stream("libx264", rate=25, options={"g": "25"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        if empty_track:
            container.add_stream(codec, rate=rate, layout="mono")
        words = None
        if subtitles:
            script = path.with_suffix(".srt")
            script.write_text(subtitles)
            words = av.open(str(script))
            template = words.streams.subtitles[0]
            lines = container.add_stream_from_template(template)
        wave = np.sin(np.arange(rate * seconds) / 20).astype(np.float32)
        step = 1024
        for i in range(0, len(wave) - step, step):
            frame = av.AudioFrame.from_ndarray(wave[None, i : i + step], "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, i, Fraction(1, rate)
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
        for i in range(25 * seconds):
            frame = av.VideoFrame.from_ndarray(flat(i % 256), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if words is not None:
            for packet in words.demux(template):
                if packet.dts is not None:
                    packet.stream = lines
                    container.mux(packet)
            words.close()
    return path


def sound_packets(path: Path, kind: str = "audio") -> list[tuple[Fraction, bytes]]:
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in (container.demux(streams) if streams else ())
            if packet.size
        ]


def copied(source: Path, target: Path, start=None, end=None, settings=None) -> VideoWriter:
    reader = FrameReader(source, start, end)
    size = (reader.info.height, reader.info.width)
    with VideoWriter(target, reader.info, size, settings, source, start, end) as out:
        for frame in reader:
            out.write(frame.image, frame.pts, frame.time_base, frame.duration)
    return out


def test_sound_is_copied_bit_by_bit(tmp_path):
    source = with_sound(tmp_path / "in.mp4")
    out = copied(source, tmp_path / "out.mp4")
    assert out.warnings == []
    assert sound_packets(tmp_path / "out.mp4") == sound_packets(source) != []
    assert probe(tmp_path / "out.mp4").audio == ("aac",)


def test_sound_is_interleaved(tmp_path):
    source = with_sound(tmp_path / "in.mp4")
    copied(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        order = [
            (packet.pos, packet.pts * packet.time_base, packet.stream.type)
            for packet in container.demux()
            if packet.size
        ]
    latest = {"audio": Fraction(0), "video": Fraction(0)}
    for _, time, kind in sorted(order):
        latest[kind] = time
        assert abs(latest["audio"] - latest["video"]) < 2


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_cut_keeps_sound_and_picture_together(tmp_path, suffix):
    source = with_sound(tmp_path / "in.mp4")
    start, end = Fraction(1), Fraction(2)
    copied(source, tmp_path / f"out{suffix}", start, end)
    whole = [(t - 1, data) for t, data in sound_packets(source) if 1 <= t < 2]
    cut = sound_packets(tmp_path / f"out{suffix}")
    assert [data for _, data in cut] == [data for _, data in whole]
    for (time, _), (expected, _) in zip(cut, whole, strict=True):
        assert abs(time - expected) < Fraction(1, 999)
    assert [frame.time for frame in FrameReader(tmp_path / f"out{suffix}")] == [
        i * TICK for i in range(25)
    ]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_a_cut_reads_little_more_than_its_own_sound(tmp_path, monkeypatch, suffix):
    """The same packets come as from the whole file, whose other packets are not looked at."""
    source = with_sound(tmp_path / f"in{suffix}", seconds=30)
    start, end = Fraction(20), Fraction(22)
    looked = []
    wants = StreamCopy._wants
    monkeypatch.setattr(
        StreamCopy, "_wants", lambda self, time: looked.append(time) or wants(self, time)
    )
    copied(source, tmp_path / "out.mkv", start, end)
    assert max(looked) < 25 + FrameReader(source).info.start_time
    assert suffix == ".ts" or min(looked) > 5
    monkeypatch.setattr(stream_copy, "_SEEKABLE", ())
    monkeypatch.setattr(StreamCopy, "_ended", lambda *_: set())
    copied(source, tmp_path / "whole.mkv", start, end)
    assert sound_packets(tmp_path / "out.mkv") == sound_packets(tmp_path / "whole.mkv") != []


def test_transport_stream_into_mp4(tmp_path):
    late = {"container_options": {"output_ts_offset": "100"}}
    source = with_sound(tmp_path / "in.ts", **late)  # AAC with ADTS headers
    assert 99 < probe(source).start_time < 101
    out = copied(source, tmp_path / "out.mp4")
    assert out.warnings == []
    before, after = sound_packets(source), sound_packets(tmp_path / "out.mp4")
    assert len(after) == len(before)
    first_picture = next(iter(FrameReader(source))).time
    shift = first_picture - next(iter(FrameReader(tmp_path / "out.mp4"))).time
    assert 0 <= first_picture - shift < Fraction(1, 10)
    for (time, _), (expected, _) in zip(after, before, strict=True):
        assert abs(time - (expected - shift)) < Fraction(1, 999)


def test_recordings_that_were_joined_go_on_with_their_sound(tmp_path):
    source = with_sound(tmp_path / "in.ts")
    once = sound_packets(source)
    whole = source.read_bytes()
    source.write_bytes(whole + whole)  # the time stamps start again in the middle
    out = copied(source, tmp_path / "out.mp4")
    assert out.warnings == []
    times = [frame.time for frame in FrameReader(tmp_path / "out.mp4")]
    steps = [float(b - a) for a, b in pairwise(times)]
    assert steps == pytest.approx([0.04] * 149, abs=1e-4)
    sound = sound_packets(tmp_path / "out.mp4")
    assert len(sound) == 2 * len(once)
    assert [data for _, data in sound[: len(once)]] == [data for _, data in sound[len(once) :]]
    steps = [float(b - a) for (a, _), (b, _) in pairwise(sound)]
    assert steps == pytest.approx([1024 / 44100] * (len(sound) - 1), abs=2e-3)
    reader = FrameReader(source)
    assert sum(1 for _ in reader) == 150
    assert [("start again at 3.0" in warning) for warning in reader.warnings] == [True]


def test_an_empty_track_of_sound_does_not_cost_the_others(tmp_path):
    source = with_sound(tmp_path / "in.ts", empty_track=True)
    assert len(probe(source).audio) == 2
    out = copied(source, tmp_path / "out.mp4")
    assert ["is empty" in warning for warning in out.warnings] == [True]
    assert probe(tmp_path / "out.mp4").audio == ("aac",)
    assert len(sound_packets(tmp_path / "out.mp4")) > 100


@pytest.mark.parametrize(
    ("codec", "rate", "words"),
    [
        ("wavpack", 44100, "sound (wavpack) cannot be kept in .mp4"),
        ("libmp3lame", 8000, "do not fit"),  # MP3 may go into MP4, but not at 8 kHz
    ],
)
def test_sound_that_does_not_fit_is_left_out_with_a_warning(tmp_path, codec, rate, words):
    source = with_sound(tmp_path / "in.mkv", codec, rate)
    out = copied(source, tmp_path / "out.mp4")
    assert [words in warning for warning in out.warnings] == [True]
    assert probe(tmp_path / "out.mp4").audio == ()
    assert sum(1 for _ in FrameReader(tmp_path / "out.mp4")) == 75


def test_subtitles(tmp_path):
    script = "1\n00:00:00,500 --> 00:00:01,000\nHello\n\n2\n00:00:01,500 --> 00:00:02,000\nBye\n\n"
    source = with_sound(tmp_path / "in.mkv", subtitles=script)
    kept = copied(source, tmp_path / "out.mkv", settings=LOSSLESS)
    assert kept.warnings == []
    lines = sound_packets(tmp_path / "out.mkv", "subtitle")
    assert lines == [(Fraction(1, 2), b"Hello"), (Fraction(3, 2), b"Bye")]
    left_out = copied(source, tmp_path / "out.mp4")
    assert "subtitles (srt) cannot be kept" in left_out.warnings[0]
    assert probe(tmp_path / "out.mp4").audio == ("aac",)


@pytest.mark.parametrize("clip", ["dance_two.mp4", "phone_portrait_dance.mp4"])
def test_real_sound_decodes_to_the_same_samples(assets, tmp_path, clip):
    def samples(path):
        with av.open(str(path)) as container:
            return np.concatenate([f.to_ndarray().ravel() for f in container.decode(audio=0)])

    source, target = assets / "clips" / clip, tmp_path / "out.mp4"
    frames = [(frame.pts, frame.time_base) for frame in FrameReader(source)]
    with VideoWriter(target, probe(source), (48, 64), copy_from=source) as out:
        for pts, time_base in frames:
            out.write(flat(100), pts, time_base)
    np.testing.assert_array_equal(samples(target), samples(source))
    assert [frame.time for frame in FrameReader(target)] == [pts * base for pts, base in frames]


def test_a_folder_has_no_sound_to_copy(tmp_path):
    frames = tmp_path / "frames"
    frames.mkdir()
    cv2.imwrite(str(frames / "1.png"), flat(7))
    assert copied(frames, tmp_path / "out.mp4").warnings == []


# --- what must not happen ---


def test_existing_output(tmp_path):
    target = tmp_path / "a.mp4"
    target.write_bytes(b"mine")
    with pytest.raises(OutputError, match="--overwrite"):
        write_all(target, [flat(1)])
    assert target.read_bytes() == b"mine"
    write_all(target, [flat(1)], overwrite=True)
    assert probe(target).codec == "h264"


def test_output_that_comes_up_meanwhile_is_kept(tmp_path):
    target = tmp_path / "a.mp4"
    with (
        pytest.raises(OutputError, match="exists"),
        VideoWriter(target, info_of(), (48, 64)) as out,
    ):
        out.write(flat(1), 0, TICK)
        target.write_bytes(b"mine")
    assert target.read_bytes() == b"mine"
    assert left_over(tmp_path) == ["a.mp4"]


def test_output_is_input(tmp_path):
    source = tmp_path / "in.mp4"
    write_all(source, [flat(1)])
    other = tmp_path / "link.mp4"
    os.link(source, other)
    for target in (source, tmp_path / "." / "in.mp4", other):
        with pytest.raises(OutputError, match="input"):
            VideoWriter(target, info_of(source), (48, 64), overwrite=True)
        with pytest.raises(OutputError, match="input"):
            check_output(target, [source], overwrite=True)


def test_folders(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputError, match="a file, not a folder"):
        write_all(tmp_path / "file" / "a.mp4", [flat(1)])
    with pytest.raises(OutputError, match="folder has this name"):
        write_all(tmp_path / "folder.mp4", [flat(1)], overwrite=True)
    write_all(tmp_path / "new" / "deep" / "a.mp4", [flat(1)])
    assert left_over(tmp_path / "new" / "deep") == ["a.mp4"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_unwritable_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="permission"):
        write_all(tmp_path / "a.mp4", [flat(1)])


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EACCES, "no permission"), (errno.EROFS, "read-only"), (errno.ENOSPC, "no space left")],
)
def test_the_system_says_no(tmp_path, monkeypatch, number, words):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "open", refuse)
    for write in (
        lambda: write_all(tmp_path / "a.mp4", [flat(1)]),
        lambda: write_picture(tmp_path / "a.png", flat(1)),
    ):
        with pytest.raises(OutputError, match=words) as caught:
            write()
        assert "\n" not in str(caught.value)
    assert left_over(tmp_path) == []


def test_disk_full_on_the_way(tmp_path, monkeypatch):
    encode = writer._File.encode

    def full(self, frame):
        encode(self, frame)
        if frame is None or frame.pts == 2:
            raise av.error.OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(writer._File, "encode", full)
    with pytest.raises(OutputError, match="no space left"):
        write_all(tmp_path / "a.mp4", [flat(1)] * 5)
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(("name", "settings"), [("a.mp4", None), ("a.mkv", LOSSLESS)])
def test_the_file_may_not_grow(tmp_path, name, settings):
    """A real limit of the system, met in the middle and at the end."""
    resource = pytest.importorskip("resource")
    images = list(np.random.default_rng(0).integers(0, 256, (8, 48, 64, 3), np.uint8))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OutputError) as caught:
            write_all(tmp_path / name, images, settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(caught.value)
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_nothing(tmp_path, error):
    with pytest.raises(error), VideoWriter(tmp_path / "a.mp4", info_of(), (48, 64)) as out:
        out.write(flat(1), 0, TICK)
        raise error
    assert left_over(tmp_path) == []


def test_no_frame_no_file(tmp_path):
    with (
        pytest.raises(OutputError, match="no frame"),
        VideoWriter(tmp_path / "a.mp4", info_of(), (48, 64)),
    ):
        pass
    assert left_over(tmp_path) == []


def test_what_does_not_fit_together(tmp_path, monkeypatch):
    rgba = np.zeros((48, 64, 4), np.uint8)
    with pytest.raises(OutputError, match="transparency"):
        write_all(tmp_path / "a.mp4", [rgba])
    with pytest.raises(OutputError, match=r"\.mkv"):
        write_all(tmp_path / "a.mp4", [rgba], LOSSLESS)
    with pytest.raises(OutputError, match="cannot be written"):
        write_all(tmp_path / "a.xyz", [flat(1)])
    with pytest.raises(ShapeError):
        write_all(tmp_path / "a.mp4", [flat(1), flat(1, (20, 20))])
    monkeypatch.setattr(writer, "_H264_ENCODERS", ("none_such",))
    with pytest.raises(OutputError, match=r"no H\.264 encoder"):
        write_all(tmp_path / "a.mp4", [flat(1)])
    assert left_over(tmp_path) == []


def test_another_encoder_where_x264_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "_H264_ENCODERS", ("none_such", "mpeg4"))  # any that knows no crf
    write_all(tmp_path / "a.mp4", [flat(77)] * 3)
    assert probe(tmp_path / "a.mp4").codec == "mpeg4"


# --- PNG ---


def test_png_channel_order(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    write_picture(tmp_path / "rgb.png", image)
    write_picture(tmp_path / "iuv.png", image, channel_order="bgr")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "rgb.png")), image)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "iuv.png")), image)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "iuv.png")), image[..., ::-1])


@pytest.mark.parametrize(
    ("shape", "dtype"), [((9, 7), "uint8"), ((9, 7), "uint16"), ((9, 7, 4), "uint8")]
)
def test_png_labels_and_alpha(tmp_path, shape, dtype):
    image = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype)
    write_picture(tmp_path / "new" / "a.png", image)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "new" / "a.png")), image)


def test_png_errors(tmp_path):
    target = tmp_path / "a.png"
    write_picture(target, flat(3))
    with pytest.raises(OutputError, match="--overwrite"):
        write_picture(target, flat(4))
    with pytest.raises(OutputError, match="input"):
        write_picture(target, flat(4), overwrite=True, source=target)
    assert cv2.imread(str(target)).max() == 3
    write_picture(target, flat(4), overwrite=True)
    assert cv2.imread(str(target)).max() == 4
    with pytest.raises(OutputError, match=r"\.png"):
        write_picture(tmp_path / "a.bmp", flat(3))
    with pytest.raises(ShapeError):
        write_picture(tmp_path / "b.png", np.zeros((4, 4, 2), np.uint8))
    assert left_over(tmp_path) == ["a.png"]
