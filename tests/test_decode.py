"""Reading: what goes into generated files comes out, at its time, upright, in its colours."""

import gc
import os
import struct
import threading
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.codec.codec import UnknownCodecError
from PIL import Image

from ddp_video.decode import FrameReader, expand_inputs, probe
from ddp_video.decode import pictures as pictures_module
from ddp_video.decode.reader import _ahead
from ddp_video.errors import InputError, VideoError

SIZE = 64  # pixels a side: the least that every encoder takes
LEVELS = [20 * i + 20 for i in range(8)]  # frame i is a plain grey of this level


def has_encoder(name: str) -> bool:
    try:
        return av.codec.Codec(name, "w").is_encoder
    except UnknownCodecError:
        return False


def write_clip(
    path: Path,
    frames: list[av.VideoFrame],
    codec: str = "libx264",
    pts: list[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    options: dict[str, str] | None = None,
    rate: int = 25,
    prepare=lambda stream: None,
    **kwargs,
) -> Path:
    """Encode frames with FFmpeg, in their own pixel format."""
    with av.open(str(path), "w", **kwargs) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height = frames[0].width, frames[0].height
        stream.pix_fmt = frames[0].format.name
        stream.codec_context.time_base = time_base
        for name in ("colorspace", "color_range"):
            setattr(stream.codec_context, name, getattr(frames[0], name))
        prepare(stream)
        for i, frame in enumerate(frames):
            frame.pts, frame.time_base = (pts[i] if pts else i), time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def grey(level: int, pixel_format: str = "yuv420p") -> av.VideoFrame:
    image = np.full((SIZE, SIZE, 3), level, np.uint8)
    return av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixel_format)


def flat_yuv(
    yuv: tuple[int, int, int], pixel_format: str, width: int, height: int
) -> av.VideoFrame:
    """A frame of one colour, given as stored."""
    frame = av.VideoFrame(width, height, pixel_format)
    wide = frame.format.components[0].bits > 8
    for plane, value in zip(frame.planes, yuv, strict=True):
        raw = struct.pack("<H", value) if wide else bytes([value])
        plane.update(raw * (plane.buffer_size // len(raw)))
    return frame


def h264_clip(path: Path, count: int = 60, **kwargs) -> Path:
    """10 frames a second, key frame every 10, B-frames; frame i has the grey level 20 + 3i."""
    options = {"crf": "1", "g": "10", "bf": "2"}
    frames = [grey(20 + 3 * i) for i in range(count)]
    return write_clip(path, frames, time_base=Fraction(1, 10), rate=10, options=options, **kwargs)


def levels(reader: FrameReader) -> list[float]:
    return [float(frame.image.mean()) for frame in reader]


# --- what FFmpeg reads ---


@pytest.mark.parametrize(
    ("codec", "suffix", "pixel_format"),
    [
        ("libx264", ".mp4", "yuv420p"),
        ("libx265", ".mp4", "yuv420p"),
        ("libvpx-vp9", ".webm", "yuv420p"),
        ("libsvtav1", ".mkv", "yuv420p"),
        ("mpeg4", ".avi", "yuv420p"),
        ("prores_ks", ".mov", "yuv422p10le"),
        ("ffv1", ".mkv", "gray"),
        ("gif", ".gif", "rgb8"),
    ],
)
def test_codecs(tmp_path, codec, suffix, pixel_format):
    if not has_encoder(codec):
        pytest.skip(f"no encoder {codec} in this build of FFmpeg")
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    frames = [grey(level, pixel_format) for level in LEVELS]
    path = write_clip(tmp_path / f"clip{suffix}", frames, codec, options=options)
    reader = FrameReader(path)
    read = list(reader)
    assert reader.warnings == []
    assert (reader.info.width, reader.info.height) == (SIZE, SIZE)
    assert [frame.index for frame in read] == list(range(len(LEVELS)))
    assert [frame.time for frame in read] == [Fraction(i, 25) for i in range(len(LEVELS))]
    tolerance = 20 if codec == "gif" else 3  # rgb8 has 4 levels of blue
    assert [frame.image.mean() for frame in read] == pytest.approx(LEVELS, abs=tolerance)


def test_ten_bits_full_precision(tmp_path):
    frame = flat_yuv((64 + 876, 512, 512), "yuv420p10le", SIZE, SIZE)  # 10-bit white
    path = write_clip(tmp_path / "ten.mkv", [frame], "ffv1")
    assert next(iter(FrameReader(path))).image.min() >= 254


@pytest.mark.parametrize(("width", "height"), [(33, 21), (64, 35), (47, 64)])
def test_odd_sizes(tmp_path, width, height):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="bgr0")
    path = write_clip(tmp_path / "odd.mkv", [frame], "ffv1")
    np.testing.assert_array_equal(next(iter(FrameReader(path))).image, image)


def test_alpha_lies_over_black(tmp_path):
    image = np.full((SIZE, SIZE, 4), (200, 100, 50, 128), np.uint8)
    frame = av.VideoFrame.from_ndarray(image, format="rgba").reformat(format="bgra")
    path = write_clip(tmp_path / "alpha.mkv", [frame], "ffv1")
    expected = [round(value * 128 / 255) for value in (200, 100, 50)]
    assert next(iter(FrameReader(path))).image[5, 7].tolist() == expected


# --- colour ---


def rgb_of(yuv, red, blue, full):
    """RGB by the definition of Y'CbCr with the luma weights of red and blue."""
    low, spread, chroma = (0, 255, 255) if full else (16, 219, 224)
    y, cb, cr = (yuv[0] - low) / spread, (yuv[1] - 128) / chroma, (yuv[2] - 128) / chroma
    r, b = y + 2 * (1 - red) * cr, y + 2 * (1 - blue) * cb
    g = (y - red * r - blue * b) / (1 - red - blue)
    return np.clip(np.round(np.array([r, g, b]) * 255), 0, 255)


BT709, BT601, BT2020 = (0.2126, 0.0722), (0.299, 0.114), (0.2627, 0.0593)


@pytest.mark.parametrize(
    ("matrix", "colour_range", "size", "weights"),
    [
        (1, 1, (64, 64), BT709),
        (1, 2, (64, 64), BT709),
        (5, 1, (1280, 16), BT601),  # stated, so the size does not matter
        (6, 2, (64, 64), BT601),
        (9, 1, (64, 64), BT2020),
        (2, 0, (64, 64), BT601),  # nothing stated: SD
        (2, 0, (1280, 16), BT709),  # nothing stated: HD
        (2, 0, (16, 720), BT709),
    ],
)
@pytest.mark.parametrize("yuv", [(81, 100, 190), (145, 90, 110), (60, 170, 120)])
def test_matrix_and_range(tmp_path, matrix, colour_range, size, weights, yuv):
    frame = flat_yuv(yuv, "yuv420p", *size)
    frame.colorspace, frame.color_range = matrix, colour_range
    path = write_clip(tmp_path / "colour.mkv", [frame], "ffv1")
    colour = next(iter(FrameReader(path))).image[8, 8].astype(int)
    assert np.abs(colour - rgb_of(yuv, *weights, full=colour_range == 2)).max() <= 1


# --- turned ---


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_display_rotation(tmp_path, degrees, flip):
    stored = np.zeros((48, 64, 3), np.uint8)
    stored[:16, :16], stored[:16, -16:] = (255, 0, 0), (0, 255, 0)
    frame = av.VideoFrame.from_ndarray(stored, format="rgb24").reformat(format="yuv420p")
    path = write_clip(
        tmp_path / "turned.mp4",
        [frame],
        options={"crf": "1"},
        prepare=lambda stream: stream.set_display_rotation(degrees, hflip=flip),
    )
    shown = np.rot90(stored, degrees // 90)  # counterclockwise, then mirrored
    shown = shown[:, ::-1] if flip else shown
    reader = FrameReader(path)
    image = next(iter(reader)).image
    assert (reader.info.height, reader.info.width) == shown.shape[:2]
    if not flip:
        assert reader.info.rotation == -degrees % 360
    assert image.flags.c_contiguous
    assert np.abs(image.astype(int) - shown).mean() < 3


def test_pixel_aspect_turns_with_the_picture(tmp_path):
    def prepare(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        stream.set_display_rotation(90)

    path = write_clip(tmp_path / "wide.mp4", [grey(90)], prepare=prepare)
    assert probe(path).pixel_aspect == Fraction(3, 4)


# --- time ---


def test_variable_rate_is_kept(tmp_path):
    pts = [0, 23, 43, 63, 200, 201, 260, 900]
    frames = [grey(level) for level in LEVELS]
    path = write_clip(tmp_path / "vfr.mp4", frames, pts=pts, time_base=Fraction(1, 600))
    assert [frame.time for frame in FrameReader(path)] == [Fraction(p, 600) for p in pts]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".h264"])
@pytest.mark.parametrize(
    ("start", "end"),
    [("0", "0.3"), ("1.25", "1.5"), ("0.4", None), ("3.7", "4.1"), ("5.8", "99"), (None, "0.05")],
)
def test_span_is_a_slice(tmp_path, suffix, start, end):
    path = h264_clip(tmp_path / f"clip{suffix}")
    start = start and Fraction(start)
    end = end and Fraction(end)
    info = probe(path)
    whole = list(FrameReader(path))
    assert len(whole) == 60
    zero = whole[0].time
    wanted = [
        frame
        for frame in whole
        if (start or 0) <= frame.time - zero < (100 if end is None else end)
    ]
    reader = FrameReader(path, start, end)
    if not wanted:  # raw H.264 knows no times: FFmpeg takes it for 25 frames a second
        assert suffix == ".h264"
        with pytest.raises(InputError):
            list(reader)
        return
    read = list(reader)
    assert reader.warnings == []
    assert info.start_time == (0 if suffix == ".h264" else zero)
    assert [frame.pts for frame in read] == [frame.pts for frame in wanted]
    assert [frame.index for frame in read] == list(range(len(wanted)))
    for got, expected in zip(read, wanted, strict=True):
        np.testing.assert_array_equal(got.image, expected.image)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_pictures_that_begin_after_the_sound(tmp_path, suffix):
    """`start` counts from the first sound, and so does the length."""
    path = tmp_path / f"late{suffix}"
    with av.open(str(path), "w") as container:
        tone = container.add_stream("aac", rate=8000)
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 24_000), np.float32), "fltp", "mono")
        silence.sample_rate, silence.time_base, silence.pts = 8000, Fraction(1, 8000), 0
        container.mux(tone.encode(silence))
        container.mux(tone.encode(None))
        for index in range(25):
            picture = np.full((48, 64, 3), 10 * index, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = 50 + index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    reader = FrameReader(path, start=Fraction(5, 2))
    assert float(reader.info.duration or 0) == pytest.approx(3, abs=0.2)
    assert 10 <= sum(1 for _ in reader) <= 15
    with pytest.raises(InputError):
        list(FrameReader(path, start=Fraction(4)))


@pytest.mark.parametrize(
    ("start", "end"), [("1", "1"), ("2", "1"), ("-1", None), ("6", None), ("1.01", "1.02")]
)
def test_spans_without_frames(tmp_path, start, end):
    path = h264_clip(tmp_path / "clip.mp4")
    with pytest.raises(InputError) as caught:
        list(FrameReader(path, Fraction(start), end and Fraction(end)))
    assert "\n" not in str(caught.value)


def test_edit_list_hides_frames(assets):
    reader = FrameReader(assets / "clips" / "dance_two.mp4")
    times = [frame.time for frame in reader]
    assert reader.warnings == []
    assert times == [Fraction(1001 * i, 30000) for i in range(242)]  # of 256 coded frames
    assert reader.info.frames == 242


def test_sound_may_come_first(assets):
    reader = FrameReader(assets / "clips" / "phone_portrait_dance.mp4")
    pts = [frame.pts for frame in reader]
    assert (len(pts), pts[:3], reader.info.time_base) == (65, [0, 23, 43], Fraction(1, 600))
    assert (reader.info.width, reader.info.height, reader.info.audio) == (540, 960, ("aac",))


# --- damage ---


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_cut_tail_gives_the_head_and_a_warning(tmp_path, suffix):
    options = {"container_options": {"movflags": "+faststart"}} if suffix == ".mp4" else {}
    path = h264_clip(tmp_path / f"clip{suffix}", **options)
    whole = levels(FrameReader(path))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.7)])
    reader = FrameReader(path)
    head = levels(reader)
    assert 10 < len(head) < len(whole)
    # the packet that was cut through may show patched holes
    assert head[:-3] == whole[: len(head) - 3]
    assert any("cut off" in warning for warning in reader.warnings)
    assert not any("\n" in warning for warning in reader.warnings)
    early = FrameReader(path, end=Fraction(1, 2))
    assert len(list(early)) == 5
    assert early.warnings == []


def test_damage_inside_is_told(tmp_path):
    scene = np.random.default_rng(0).integers(0, 256, (200, 240, 3), np.uint8)
    crops = [np.ascontiguousarray(scene[3 * i :, 5 * i :][:128, :128]) for i in range(20)]
    frames = [av.VideoFrame.from_ndarray(c, "rgb24").reformat(format="yuv420p") for c in crops]
    path = write_clip(tmp_path / "moving.mp4", frames)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300] = np.random.default_rng(1).bytes(300)
    path.write_bytes(data)
    reader = FrameReader(path)
    assert len(list(reader)) == 20
    assert any("damaged" in warning for warning in reader.warnings)


def test_a_cut_gif_warns(tmp_path):
    path = write_clip(tmp_path / "clip.gif", [grey(level, "rgb8") for level in LEVELS], "gif")
    path.write_bytes(path.read_bytes()[:-60])
    reader = FrameReader(path)
    assert 0 < len(list(reader)) <= len(LEVELS)
    assert "cut off" in reader.warnings[0]


def test_an_unfinished_mp4_is_refused(tmp_path):
    path = h264_clip(tmp_path / "clip.mp4")  # its index stands at the end
    path.write_bytes(path.read_bytes()[:-1500])
    with pytest.raises(VideoError):
        FrameReader(path)


# --- bad input ---


def sound_only(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        silence.sample_rate = 44100
        container.mux(stream.encode(silence))
        container.mux(stream.encode(None))
    return path


def make_bad(folder: Path, kind: str) -> Path:
    path = folder / {"picture": "bad.png", "terminal": "notes.txt"}.get(kind, "bad.mp4")
    if kind == "sound":
        return sound_only(folder / "sound.m4a")
    if kind == "folder":
        (folder / "empty").mkdir()
        return folder / "empty"
    if kind == "pattern":
        return folder / "frame_%05d.png"
    content = {"empty": b"", "text": b"Dear diary,\n" * 50, "picture": b"\x89PNG\r\n\x1a\nno"}
    if kind != "missing":
        path.write_bytes(content.get(kind, b"nothing but words\n" * 20))
    return path


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("missing", InputError),
        ("empty", VideoError),
        ("text", VideoError),
        ("terminal", VideoError),
        ("sound", VideoError),
        ("folder", VideoError),
        ("pattern", InputError),
        ("picture", VideoError),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_bad_inputs(tmp_path, kind, error):
    path = make_bad(tmp_path, kind)
    with pytest.raises(error) as caught:
        FrameReader(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_unreadable_file(tmp_path):
    path = h264_clip(tmp_path / "clip.mp4", 2)
    path.chmod(0)
    with pytest.raises(InputError, match="permission"):
        FrameReader(path)


def test_a_refused_open_is_an_input_error(tmp_path, monkeypatch):
    path = h264_clip(tmp_path / "clip.mp4", 2)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="permissions"):
        FrameReader(path)


def test_names_that_look_like_addresses(tmp_path):
    if os.name == "nt":
        pytest.skip("no such names there")
    path = h264_clip(tmp_path / "http:clip 100%.mp4", 3)
    assert len(list(FrameReader(path))) == 3


# --- the thread ---


def test_frames_come_alike_with_and_without_thread(tmp_path):
    path = h264_clip(tmp_path / "clip.mp4", 20)
    assert levels(FrameReader(path, prefetch=0)) == levels(FrameReader(path, prefetch=3))


def test_early_stop_ends_the_thread(tmp_path):
    path = h264_clip(tmp_path / "clip.mp4")
    with FrameReader(path) as reader:
        next(iter(reader))
        assert any(thread.name.startswith("decode") for thread in threading.enumerate())
    assert not any(thread.name.startswith("decode") for thread in threading.enumerate())


def test_no_more_than_asked_is_decoded_ahead():
    made = []

    def source():
        for i in range(100):
            made.append(i)
            yield i

    ahead = _ahead(source(), 3)
    for taken in range(1, 50):
        next(ahead)
        assert len(made) <= taken + 3
    ahead.close()
    assert len(made) <= 49 + 3


def test_decoded_frames_do_not_pile_up(tmp_path):
    """Nothing but reference counts frees them: a cycle would hold megabytes until Python's gc."""
    path = h264_clip(tmp_path / "clip.mp4", 40)

    def alive() -> int:
        return sum(type(thing) is av.VideoFrame for thing in gc.get_objects())

    gc.collect()
    before = alive()
    gc.disable()
    try:
        for _ in FrameReader(path, prefetch=0):
            pass
        kept = alive() - before
    finally:
        gc.enable()
    assert kept < 10  # of 40: those few of which the display matrix was asked


def test_errors_come_after_the_frames_before_them():
    def source():
        yield "a"
        yield "b"
        raise VideoError("broken")

    ahead = _ahead(source(), 4)
    assert [next(ahead), next(ahead)] == ["a", "b"]
    with pytest.raises(VideoError, match="broken"):
        next(ahead)


# --- pictures ---


def write_picture(path: Path, level: int, size: tuple[int, int] = (20, 30)) -> Path:
    cv2.imwrite(str(path), np.full((*size, 3), level, np.uint8))
    return path


def test_folder_in_natural_order(tmp_path):
    for number in (10, 9, 100, 1):
        write_picture(tmp_path / f"f{number}.png", number)
    reader = FrameReader(tmp_path, picture_rate=Fraction(30000, 1001))
    frames = list(reader)
    assert [frame.image[0, 0, 0] for frame in frames] == [1, 9, 10, 100]
    assert [frame.time for frame in frames] == [Fraction(1001 * i, 30000) for i in range(4)]
    assert (reader.info.frames, reader.info.is_picture, reader.warnings) == (4, False, [])


def test_masks_beside_the_frames_are_left_out(tmp_path):
    for i in range(3):
        write_picture(tmp_path / f"{i:05d}.jpg", 50)
        write_picture(tmp_path / f"{i:05d}_mask.png", 255)
    reader = FrameReader(tmp_path)
    assert [frame.image.max() for frame in reader] == [50] * 3
    assert len(reader.warnings) == 1
    assert "3 pictures" in reader.warnings[0]


def test_the_commonest_type_is_read(tmp_path):
    for i in range(3):
        write_picture(tmp_path / f"{i}.png", 7)
    write_picture(tmp_path / "cover.jpg", 200)
    reader = FrameReader(tmp_path)
    assert [frame.image.max() for frame in reader] == [7] * 3
    assert "1 pictures" in reader.warnings[0]


def test_other_sizes_and_broken_pictures_are_left_out(tmp_path):
    for i in range(6):
        write_picture(tmp_path / f"{i}.png", i)
    write_picture(tmp_path / "2.png", 2, size=(10, 10))
    (tmp_path / "0.png").write_bytes(b"broken")
    (tmp_path / "4.png").write_bytes((tmp_path / "4.png").read_bytes()[:40])
    reader = FrameReader(tmp_path)
    assert [(frame.image[0, 0, 0], frame.pts) for frame in reader] == [(1, 1), (3, 3), (5, 5)]
    assert len(reader.warnings) == 3


def test_pattern(tmp_path):
    for name in ("frame_00002.png", "frame_00010.png", "frame_00002_mask.png", "frame_3.png"):
        write_picture(tmp_path / name, 9)
    write_picture(tmp_path / "frame_00010.png", 10)
    reader = FrameReader(tmp_path / "frame_%05d.png")
    assert [frame.image[0, 0, 0] for frame in reader] == [9, 10]
    assert [frame.pts for frame in FrameReader(tmp_path / "frame_%05d.png", Fraction(1, 25))] == [1]


def test_pictures_are_decoded_once(tmp_path, monkeypatch):
    for i in range(3):
        write_picture(tmp_path / f"{i}.png", i)
    decoded = []
    original = cv2.imdecode
    monkeypatch.setattr(
        pictures_module.cv2, "imdecode", lambda *args: decoded.append(1) or original(*args)
    )
    assert len(list(FrameReader(tmp_path))) == 3
    assert len(decoded) == 3


def test_single_picture(tmp_path):
    reader = FrameReader(write_picture(tmp_path / "one.png", 77))
    assert (reader.info.is_picture, reader.info.frames, reader.info.width) == (True, 1, 30)
    assert [frame.image.mean() for frame in reader] == [77]
    assert [frame.image.mean() for frame in reader] == [77]  # and again


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_exif_orientation(tmp_path, suffix, orientation):
    stored = np.zeros((32, 48, 3), np.uint8)
    stored[:16, :16], stored[:16, 32:] = (255, 0, 0), (0, 255, 0)
    exif = Image.Exif()
    exif[274] = orientation
    quality = {"quality": 95} if suffix == ".jpg" else {}
    quality = {"lossless": True} if suffix == ".webp" else quality
    path = tmp_path / f"turned{suffix}"
    Image.fromarray(stored).save(path, exif=exif, **quality)
    shown = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(stored, 1),
    }[orientation]
    image = next(iter(FrameReader(path))).image
    assert image.shape == shown.shape
    assert np.abs(image.astype(int) - shown).mean() < 3


def test_kinds_of_pictures(tmp_path):
    rgba = np.full((8, 8, 4), (200, 100, 50, 51), np.uint8)
    Image.fromarray(rgba).save(tmp_path / "alpha.png")
    Image.fromarray(np.full((8, 8), 1000 * 257 // 257, np.uint16)).save(tmp_path / "deep.png")
    Image.fromarray(np.full((8, 8), 90, np.uint8)).save(tmp_path / "grey.png")
    palette = Image.fromarray(np.full((8, 8, 3), (9, 120, 250), np.uint8)).convert(
        "P", palette=Image.Palette.ADAPTIVE
    )
    palette.save(tmp_path / "palette.png")
    expected = {
        "alpha": [40, 20, 10],  # a fifth of it over black
        "deep": [4, 4, 4],  # 1000 / 257
        "grey": [90, 90, 90],
        "palette": [9, 120, 250],
    }
    for name, colour in expected.items():
        assert next(iter(FrameReader(tmp_path / f"{name}.png"))).image[3, 3].tolist() == colour


@pytest.mark.filterwarnings("ignore")
def test_cut_off_jpeg_warns(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = tmp_path / "cut.jpg"
    cv2.imwrite(str(path), noise)
    assert FrameReader(path).warnings == []
    path.write_bytes(path.read_bytes()[:-2000])
    assert "cut off" in FrameReader(path).warnings[0]


# --- arguments ---


def test_expand_inputs(tmp_path):
    videos, frames, none = tmp_path / "videos", tmp_path / "frames", tmp_path / "none"
    for folder in (videos, frames, none):
        folder.mkdir()
    for name in ("b10.mp4", "b9.MOV", "cover.jpg", ".hidden.mp4", "notes.txt"):
        (videos / name).write_bytes(b"x")
    write_picture(frames / "1.png", 1)
    pattern = frames / "%d.png"
    assert expand_inputs([videos, frames, frames / "1.png", pattern]) == [
        videos / "b9.MOV",
        videos / "b10.mp4",
        frames,
        frames / "1.png",
        pattern,
    ]
    for bad in (none, tmp_path / "missing.mp4"):
        with pytest.raises(InputError):
            expand_inputs([bad])


@pytest.mark.parametrize("clip", ["breakdance", "parkour", "soapbox"])
def test_davis_folders(assets, clip):
    folder = assets / "clips" / clip
    reader = FrameReader(folder)
    assert sum(1 for _ in reader) == len(list(folder.glob("*.jpg")))
    assert (reader.info.width, reader.info.height) == (854, 480)
