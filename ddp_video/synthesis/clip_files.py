"""The two files of a rendered clip: H.264 video with a tune, and its lossless truth.

The truth is one grey FFV1 video of four pictures on top of one another: I, 255·U, 255·V and the
person's number (0 = nobody). Grey, so that no reader takes the planes for colours; U and V in even
steps, which makes the file smaller.
"""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from ..atomic import beside
from ..errors import DataError

SOUND_RATE = 44_100
NOTES = (220.0, 277.18, 329.63, 440.0, 329.63, 277.18)  # Hz: an A major chord, up and down
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


def write_video(path: Path, frames: np.ndarray, rate: int, crf: int = 17) -> None:
    """Write (T, H, W, 3) RGB frames as H.264 yuv420p, the tune as AAC; replaced at the end."""
    with (
        beside(path) as part,
        av.open(str(part), "w", format="mp4", options={"movflags": "faststart"}) as out,
    ):
        video = out.add_stream(
            "libx264", rate=rate, options={"crf": str(crf), "preset": "veryslow"}
        )
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


def write_truth(path: Path, pictures: np.ndarray, rate: int) -> None:
    """Write (T, 4H, W) packed truth as FFV1; replaces the file at the end."""
    with beside(path) as part, av.open(str(part), "w", format="matroska") as out:
        video = out.add_stream("ffv1", rate=rate, options=FFV1)
        video.height, video.width = pictures.shape[1:]
        video.pix_fmt = "gray"
        for k, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "gray")
            frame.pts, frame.time_base = k, Fraction(1, rate)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))


def read_truth(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read the truth of a clip.

    Returns:
        (T, H, W, 3) uint8 in OpenCV's order I, 255·U, 255·V; (T, H, W) uint8 person's numbers.

    Raises:
        DataError: the file is missing or is not such a truth.
    """
    try:
        with av.open(str(path)) as source:
            frames = [f.to_ndarray(format="gray") for f in source.decode(video=0)]
    except (FFmpegError, IndexError) as error:
        raise DataError(f"{path} is no truth video; make it again (samples/README.md)") from error
    stacked = np.stack(frames)
    if stacked.shape[1] % 4:
        raise DataError(
            f"{path} does not hold four pictures a frame; make it again (samples/README.md)"
        )
    part, u, v, instances = np.split(stacked, 4, axis=1)
    return np.stack([part, u, v], -1), instances
