"""Pictures and videos of labels: what was written is decoded, and the labels compared."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from ddp_video.errors import OutputError
from ddp_video.exports import Target, open_export, output_path
from ddp_video.exports.colours import (
    PARULA_ON_BLACK,
    VIRIDIS,
    fitted_labels,
    nearest_parts,
)
from ddp_video.render import iuv_array, labels
from ddp_video.settings import Preset
from ddp_video.types import Frame, VideoInfo

from ..conftest import frames_of
from .figures import SIZE, TALL, TIME, film, info, prediction

NAMES = [f"frame_{k:05d}" for k in range(4)]


def exported(preset: Preset, folder: Path, known: VideoInfo | None = None, **more) -> Path:
    known = known or info()
    path = output_path(preset, known, folder, "clip")
    with open_export(preset, Target(path, known, **more)) as export:
        for frame, found in film((known.height, known.width)):
            export(frame, found)
    assert [each.name for each in folder.iterdir()] == [path.name]
    return path


def read(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return picture


def rgb(path: Path) -> np.ndarray:
    return cv2.cvtColor(read(path), cv2.COLOR_BGR2RGB)


def flat(part: np.ndarray, pixels: int) -> np.ndarray:
    """Where no other part lies within so many pixels."""
    kernel = np.ones((2 * pixels + 1,) * 2, np.uint8)
    return cv2.dilate(part, kernel) == cv2.erode(part, kernel)


def test_colours_by_hand() -> None:
    # matplotlib's viridis(0), viridis(127/255) and viridis(255), and MATLAB's parula at 10/255
    assert VIRIDIS[0].tolist() == [68, 1, 84]
    assert np.abs(VIRIDIS[12].astype(int) - (33, 144, 140)).max() <= 1
    assert np.abs(VIRIDIS[24].astype(int) - (253, 231, 37)).max() <= 1
    assert PARULA_ON_BLACK[0].tolist() == [0, 0, 0]
    assert PARULA_ON_BLACK[1].argmax() == 2  # "black bg & blue torso"
    every = np.arange(25, dtype=np.uint8)[None]
    for colours in (VIRIDIS, PARULA_ON_BLACK):
        np.testing.assert_array_equal(nearest_parts(colours[every], colours), every)


@pytest.mark.parametrize(
    ("preset", "colours"), [("controlnet-seg", VIRIDIS), ("controlnet-parula", PARULA_ON_BLACK)]
)
def test_controlnet(preset: Preset, colours: np.ndarray, tmp_path: Path) -> None:
    folder = exported(preset, tmp_path)
    for name, (frame, found) in zip(NAMES, film(), strict=True):
        part = labels(found, frame.size).part
        np.testing.assert_array_equal(rgb(folder / f"{name}.png"), colours[part])
    assert len(list(folder.iterdir())) == 4


@pytest.mark.parametrize("preset", ["viton-hd", "idm-vton"])
def test_try_on(preset: Preset, tmp_path: Path) -> None:
    folder = exported(preset, tmp_path)
    for name, (_, found) in zip(NAMES, film(), strict=True):
        picture = rgb(folder / f"{name}.jpg")
        part = labels(found, (1024, 768)).part
        assert picture.shape == (1024, 768, 3)
        assert np.abs(picture.astype(int) - PARULA_ON_BLACK[part])[flat(part, 1)].max() <= 4
        np.testing.assert_array_equal(nearest_parts(picture, PARULA_ON_BLACK), part)


@pytest.mark.parametrize("preset", ["part-png", "catvton"])
def test_parts(preset: Preset, tmp_path: Path) -> None:
    folder = exported(preset, tmp_path)
    for name, (frame, found) in zip(NAMES, film(), strict=True):
        picture = read(folder / f"{name}.png")
        assert picture.dtype == np.uint8
        np.testing.assert_array_equal(picture, labels(found, frame.size).part)


def test_iuv_pictures(tmp_path: Path) -> None:
    folder = exported("iuv-png", tmp_path)
    for name, (frame, found) in zip(NAMES, film(), strict=True):
        np.testing.assert_array_equal(
            read(folder / f"{name}.png"), iuv_array(labels(found, frame.size))
        )


def test_iuv_video_is_lossless(tmp_path: Path) -> None:
    video = exported("iuv-video", tmp_path)
    with av.open(video) as container:
        assert container.streams.video[0].codec_context.name == "ffv1"
    for picture, (frame, found) in zip(frames_of(video), film(), strict=True):
        np.testing.assert_array_equal(picture[..., ::-1], iuv_array(labels(found, frame.size)))


def test_dreampose(tmp_path: Path) -> None:
    folder = exported("dreampose", tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == [
        f"frame_{k}_densepose.npy" for k in range(4)
    ]
    for k, (frame, found) in enumerate(film()):
        pose = np.load(folder / f"frame_{k}_densepose.npy")
        iuv = labels(found, frame.size)
        assert (pose.shape, pose.dtype) == ((2, *SIZE), np.float32)
        np.testing.assert_array_equal(pose, [iuv.u, iuv.v])
        assert not pose[:, iuv.part == 0].any()


def test_magicanimate(tmp_path: Path) -> None:
    # 97 high, 131 wide: 379 of 512 rows are picture, 66 above and 67 below are margin
    video = exported("magicanimate", tmp_path)
    with av.open(video) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.width, context.height, context.pix_fmt) == (512, 512, "yuv420p")
        assert (context.name, stream.average_rate, stream.frames) == ("h264", 25, 4)
        planes = next(container.decode(video=0)).to_ndarray()
        # (68, 1, 84) in BT.601, limited range: Y 42.2, U 154.5, V 151.5
        stored = [int(planes[y, 0]) for y in (0, 512, 640)]
        assert np.abs(np.subtract(stored, (42.2, 154.5, 151.5))).max() <= 1
    for picture, (_, found) in zip(frames_of(video), film(), strict=True):
        part = fitted_labels(found, (512, 512)).part
        assert not part[:66].any()
        assert not part[-67:].any()
        inner = flat(part, 4)  # 4:2:0 and the codec's blocks mix what is nearer to an outline
        off = np.abs(picture.astype(int) - VIRIDIS[part])[inner]
        assert off.max() <= 6
        assert (off <= 3).mean() > 0.99
        np.testing.assert_array_equal(nearest_parts(picture, VIRIDIS)[inner], part[inner])


def test_magicanimate_as_in_its_own_driving_video(assets: Path, tmp_path: Path) -> None:
    own = assets / "clips" / "magicanimate_multi_dancing_densepose.mp4"
    ours = exported("magicanimate", tmp_path)
    facts, backgrounds = [], []
    for video in (own, ours):
        with av.open(video) as container:
            context = container.streams.video[0].codec_context
            facts.append((context.name, context.pix_fmt, context.width, context.height))
            frame = next(container.decode(video=0))
            planes = frame.to_ndarray()  # Y, then U and V side by side below
            backgrounds.append([int(planes[y, 0]) for y in (0, 512, 640)])
            picture = frame.to_ndarray(format="rgb24")
        near = np.abs(picture[:, :, None].astype(np.int16) - VIRIDIS).max(3).min(2) <= 3
        assert near.mean() > 0.7  # the rest is outlines
    assert facts[0] == facts[1]
    # as stored, whatever matrix a reader assumes; BT.709 would give 37, 151, 149
    assert np.abs(np.subtract(*backgrounds)).max() <= 1


def test_proportions_are_kept_within_the_square() -> None:
    tall = fitted_labels(prediction(TALL, size=(100, 50)), (64, 64)).part
    columns = np.flatnonzero(tall.any(0))
    whole = labels(prediction(TALL, size=(100, 50)), (64, 32)).part
    np.testing.assert_array_equal(tall[:, 16:48], whole)
    assert columns[0] >= 16 and columns[-1] < 48


def test_a_series_keeps_the_names_of_its_pictures(tmp_path: Path) -> None:
    shots, out = tmp_path / "shots", tmp_path / "out"
    shots.mkdir()
    out.mkdir()
    for name in ("00891_00", "00055_00", "06802_00", "14651_00"):
        cv2.imwrite(str(shots / f"{name}.jpg"), np.zeros((4, 4, 3), np.uint8))
    series = info(path=shots, container="pictures")
    assert sorted(path.name for path in exported("viton-hd", out, series).iterdir()) == [
        *("00055_00.jpg", "00891_00.jpg", "06802_00.jpg", "14651_00.jpg")
    ]


@pytest.mark.parametrize("preset", ["magicanimate", "catvton", "dreampose", "npz", "iuv-video"])
def test_a_single_picture_is_a_single_file(preset: Preset, tmp_path: Path) -> None:
    photo = info(path=Path("photo.jpg"), is_picture=True)
    target = Target(output_path(preset, photo, tmp_path, "photo"), photo)
    with open_export(preset, target) as export:
        export(Frame(np.zeros((*SIZE, 3), np.uint8), 0, 0, TIME), prediction(TALL))
    assert target.path.is_file()
    assert [path.name for path in tmp_path.iterdir()] == [target.path.name]


@pytest.mark.parametrize("preset", ["magicanimate", "iuv-png", "coco-json", "texture"])
def test_an_error_leaves_nothing(preset: Preset, tmp_path: Path) -> None:
    target = Target(output_path(preset, info(), tmp_path, "clip"), info())

    def broken() -> None:
        with open_export(preset, target) as export:
            export(*next(film()))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_refused_or_replaced_whole(tmp_path: Path) -> None:
    folder = exported("iuv-png", tmp_path)
    (folder / "frame_00004.png").write_bytes(b"of an earlier, longer film")
    with pytest.raises(OutputError, match="--overwrite"):
        exported("iuv-png", tmp_path)
    exported("iuv-png", tmp_path, overwrite=True)
    assert len(list(folder.iterdir())) == 4
