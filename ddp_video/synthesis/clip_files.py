"""The files of a rendered clip: H.264 video with a tune, its lossless truth, and its exact flow.

The truth is one grey FFV1 video of four pictures on top of one another: I, 255·U, 255·V and the
person's number (0 = nobody). Grey, so that no reader takes the planes for colours; U and V in even
steps, which makes the file smaller.

The flow goes from each frame to the next; it is a 16-bit grey FFV1 video of x above y at every
FLOW_STEP-th pixel, as 32768 + FLOW_SCALE · pixels, and 0 where the point is not seen in both.
"""

from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from ..atomic import beside
from ..errors import DataError

SOUND_RATE = 44_100
NOTES = (220.0, 277.18, 329.63, 440.0, 329.63, 277.18)  # Hz: an A major chord, up and down
FLOW_STEP = 2  # pixels
FLOW_SCALE = 8  # steps a pixel
FLOW_ZERO = 32_768
CRF = "17"  # quality of H.264
EXACT = {"fflags": "+bitexact"}  # of the container: no random number, no version in the file
FFV1 = {"level": "3", "coder": "1", "context": "0", "slices": "12", "slicecrc": "1"}


def tune(seconds: float) -> np.ndarray:
    """A quiet mono melody of plucked notes: (samples,) float32 in −1..1."""
    t = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
    length = seconds / len(NOTES)
    note = (t / length).astype(int).clip(0, len(NOTES) - 1)
    since = t - note * length
    pitch = np.array(NOTES)[note]
    tone = sum(np.sin(2 * np.pi * pitch * k * since) / k**2 for k in (1, 2, 3))
    envelope = (
        np.minimum(since / 0.01, 1) * np.exp(-4 * since) * np.minimum((length - since) / 0.02, 1)
    )
    return (0.25 * tone * envelope).astype(np.float32)


def write_video(path: Path, frames: np.ndarray, rate: int) -> None:
    """Write (T, H, W, 3) RGB frames as H.264 yuv420p, the tune as AAC; replaced at the end."""
    with (
        beside(path) as part,
        av.open(str(part), "w", format="mp4", options={"movflags": "faststart"}) as out,
    ):
        video = out.add_stream("libx264", rate=rate, options={"crf": CRF, "preset": "fast"})
        video.height, video.width = frames.shape[1:3]
        video.pix_fmt = "yuv420p"
        context = video.codec_context
        context.color_range = 1  # limited; matrix, primaries and curve are BT.709
        context.colorspace = context.color_primaries = context.color_trc = 1
        sound = out.add_stream("aac", rate=SOUND_RATE, layout="mono")
        sound.bit_rate = 64_000
        for k, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="itu709")
            frame.pts, frame.time_base = k, Fraction(1, rate)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        samples = tune(len(frames) / rate)
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, 0, Fraction(1, SOUND_RATE)
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))


def packed(iuv: np.ndarray, instances: np.ndarray) -> np.ndarray:
    """One truth picture.

    Args:
        iuv: (H, W, 3): I 0..24, U and V 0..1.
        instances: (H, W): 0, or the person's number from 1.

    Returns:
        (4H, W) uint8.
    """
    uv = (2 * np.round(127.5 * iuv[..., 1:])).clip(0, 254)
    return np.concatenate([iuv[..., 0], uv[..., 0], uv[..., 1], instances]).astype(np.uint8)


def write_grey(path: Path, pictures: np.ndarray, rate: int) -> None:
    """Write (T, H, W) uint8 or uint16 pictures as FFV1; replaces the file at the end."""
    kind = "gray" if pictures.dtype == np.uint8 else "gray16le"
    with beside(path) as part, av.open(str(part), "w", format="matroska", options=EXACT) as out:
        video = out.add_stream("ffv1", rate=rate, options=FFV1)
        video.height, video.width = pictures.shape[1:]
        video.pix_fmt = kind
        for k, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), kind)
            frame.pts, frame.time_base = k, Fraction(1, rate)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))


def read_grey(path: Path, kind: str, high: int) -> np.ndarray:
    """Read such a video: (T, H, W).

    Args:
        path: of the file.
        kind: `gray` or `gray16le`.
        high: number of pictures on top of one another.

    Raises:
        DataError: the file is missing or is not such a video.
    """
    try:
        with av.open(str(path)) as source:
            frames = [f.to_ndarray(format=kind) for f in source.decode(video=0)]
    except (FFmpegError, IndexError) as error:
        raise DataError(f"{path} is no truth video; make it again (samples/README.md)") from error
    stacked = np.stack(frames)
    if stacked.shape[1] % high:
        raise DataError(
            f"{path} does not hold {high} pictures a frame; make it again (samples/README.md)"
        )
    return stacked


def write_truth(path: Path, pictures: np.ndarray, rate: int) -> None:
    """Write (T, 4H, W) packed truth; replaces the file at the end."""
    write_grey(path, pictures, rate)


def read_truth(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read the truth of a clip.

    Returns:
        (T, H, W, 3) uint8 in OpenCV's order I, 255·U, 255·V; (T, H, W) uint8 person's numbers.

    Raises:
        DataError: the file is missing or is not such a truth.
    """
    stacked = read_grey(path, "gray", 4)
    part, u, v, instances = np.split(stacked, 4, axis=1)
    return np.stack([part, u, v], -1), instances


def packed_flow(flow: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """One picture of the flow.

    Args:
        flow: (h, w, 2) pixels of the video to the next frame, at every FLOW_STEP-th pixel.
        seen: (h, w) bool, seen in both.

    Returns:
        (2h, w) uint16.
    """
    steps = np.rint(FLOW_SCALE * flow).clip(1 - FLOW_ZERO, FLOW_ZERO - 1) + FLOW_ZERO
    stored = np.where(seen[..., None], steps, 0).astype(np.uint16)
    return np.concatenate([stored[..., 0], stored[..., 1]])


def write_flow(path: Path, pictures: np.ndarray, rate: int) -> None:
    """Write (T, 2h, w) packed flow; replaces the file at the end."""
    write_grey(path, pictures, rate)


def read_flow(path: Path) -> np.ndarray:
    """Read the flow of a clip.

    Returns:
        (T, h, w, 2) float32 x and y in pixels of the video at every FLOW_STEP-th pixel, from its
        first; NaN where the point is hidden or outside in the next frame.

    Raises:
        DataError: the file is missing or is not such a flow.
    """
    stored = np.stack(np.split(read_grey(path, "gray16le", 2), 2, axis=1), -1).astype(np.float32)
    return np.where(stored > 0, (stored - FLOW_ZERO) / FLOW_SCALE, np.nan)


@dataclass(frozen=True)
class Footage:
    """Frames of a clip as its files have them.

    Attributes:
        pictures: (T, H, W, 3) uint8 RGB.
        truth: (T, 4H, W) uint8, `packed`.
        flow: (T, 2h, w) uint16, `packed_flow`; a clip's last frame has none.
    """

    pictures: np.ndarray
    truth: np.ndarray
    flow: np.ndarray

    def save(self, path: Path) -> None:
        """Write the frames as NumPy arrays; replaces the file at the end."""
        with beside(path) as part:
            np.savez(part, **vars(self))

    @classmethod
    def joined(cls, paths: list[Path]) -> "Footage":
        """The frames of saved files, one after the other."""
        columns = [f.name for f in fields(cls)]
        rows = []
        for path in paths:
            with np.load(path) as saved:
                rows.append([saved[name] for name in columns])
        return cls(*map(np.concatenate, zip(*rows, strict=True)))


def write_clip(footage: Footage, folder: Path, name: str, rate: int) -> None:
    """Write truth, flow and, when these are there, the video.

    Args:
        footage: all frames of the clip.
        folder: that exists.
        name: of the files, without suffix.
        rate: frames a second.
    """
    write_truth(folder / f"{name}.truth.mkv", footage.truth, rate)
    write_flow(folder / f"{name}.flow.mkv", footage.flow, rate)
    write_video(folder / f"{name}.mp4", footage.pictures, rate)
