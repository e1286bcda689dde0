"""The film: both renderings, apart from one another, on the source's clock from 0."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ddp_video.report.film import MARGIN, Film, film_size
from ddp_video.types import Frame, VideoInfo


def info(width: int, height: int, aspect: Fraction = Fraction(1)) -> VideoInfo:
    path = Path("clip.mp4")
    return VideoInfo(path, width, height, Fraction(1, 90), None, None, None, pixel_aspect=aspect)


@pytest.mark.parametrize(
    ("width", "height", "aspect", "expected"),
    [
        (1920, 1080, 1, (540, 960)),
        (1080, 1920, 1, (960, 540)),
        (854, 480, 1, (480, 854)),
        (641, 359, 1, (360, 640)),  # even
        (720, 576, Fraction(64, 45), (540, 960)),  # anamorphic
        (3000, 2, 1, (2, 960)),
    ],
)
def test_size_of_the_film(width, height, aspect, expected):
    assert film_size(info(width, height, Fraction(aspect)), 960) == expected


def test_each_side_comes_back_alone_and_in_time(tmp_path):
    """White beside black: had they anything of one another, the outermost rows would show it."""
    white, black = (np.full((54, 80, 3), level, np.uint8) for level in (255, 0))
    pts = [900, 903, 912, 913]  # variable rate, late start
    with Film(tmp_path / "film.mp4", info(80, 54), 64, crf=26) as film:
        for index, each in enumerate(pts):
            film.add(Frame(white, index, each, Fraction(1, 90), 1), white, black)
    assert film.size == (44, 64)
    with av.open(tmp_path / "film.mp4") as container:
        frames = list(container.decode(video=0))
    assert [frame.time for frame in frames] == pytest.approx([(each - 900) / 90 for each in pts])
    for frame in frames:
        rows = frame.to_ndarray(format="rgb24").astype(int)
        assert rows.shape == (2 * film.stride, 64, 3)
        first = rows[MARGIN : MARGIN + 44]
        second = rows[film.stride + MARGIN : film.stride + MARGIN + 44]
        assert np.abs(first - 255).max() <= 2
        assert np.abs(second).max() <= 2
