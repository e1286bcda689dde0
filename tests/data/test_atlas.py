"""The layout of texture atlases, worked out by hand; and its mirror."""

import numpy as np

from ddp_video.data.atlas import COLUMNS, ROWS, atlas_position, mirrored_atlas, tile
from ddp_video.data.mirror import mirror_points

SIDE = 8


def test_parts_run_down_the_columns():
    assert tile(1, SIDE) == np.s_[0:8, 0:8]
    assert tile(6, SIDE) == np.s_[40:48, 0:8]
    assert tile(7, SIDE) == np.s_[0:8, 8:16]
    assert tile(24, SIDE) == np.s_[40:48, 24:32]


def test_a_mirrored_atlas_shows_what_the_law_says():
    rng = np.random.default_rng(0)
    atlas = rng.integers(0, 256, (ROWS * SIDE, COLUMNS * SIDE, 3)).astype(np.uint8)
    points = np.zeros((24 * 9, 6))
    points[:, 2] = np.repeat(np.arange(1, 25), 9)
    points[:, 3:5] = rng.integers(0, SIDE, (len(points), 2)) / (SIDE - 1)

    def colours(picture, at):
        x, y = atlas_position(at[:, 2], at[:, 3], at[:, 4], SIDE)
        return picture[np.rint(y).astype(int), np.rint(x).astype(int)]

    mirrored = mirrored_atlas(atlas)
    assert np.array_equal(colours(mirrored, mirror_points(points)), colours(atlas, points))
    assert np.array_equal(mirrored_atlas(mirrored), atlas)
    assert not np.array_equal(mirrored, atlas)
