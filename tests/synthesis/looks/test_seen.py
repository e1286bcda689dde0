"""What a photo shows of a surface: which pixels may be trusted, and where their colours go."""

import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

from ddp_video.synthesis.looks.seen import projected, trust
from ddp_video.synthesis.looks.surface import atlas_map

from .painted import SIDE, person, whole

pytestmark = pytest.mark.filterwarnings("default")


def test_a_photo_gives_back_the_colours_of_the_surface():
    seen = projected(*person(), SIDE)
    known = seen.weight > 0.2
    own = known & atlas_map(SIDE).within
    assert 0.15 < own.sum() / atlas_map(SIDE).within.sum() < 0.5  # it shows one side
    error = np.abs(seen.colour - whole())[own]
    assert error.mean() < 2
    assert np.percentile(error, 99) < 12
    assert not seen.colour[seen.weight == 0].any()


def test_the_background_never_gets_in():
    image, iuv, mask = person()
    alone = projected(image, iuv, mask, SIDE)
    image[~mask] = (255, 0, 255)
    fringe = np.zeros_like(mask)
    fringe[1:-1, 1:-1] = mask[1:-1, 1:-1] & ~(
        mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    )
    image[fringe] = (255, 0, 255)  # a pixel of it shines through along the outline
    seen = projected(image, iuv, mask, SIDE)
    assert (seen.weight == alone.weight).all()
    assert np.abs(seen.colour - alone.colour)[seen.weight > 0.05].max() < 1


def test_nothing_is_taken_beside_another_limb():
    _, iuv, mask = person()
    arm = np.isin(iuv[..., 0], [15, 17, 19, 21, 16, 18, 20, 22])
    column = int(np.flatnonzero(((iuv[..., 0] == 2) & mask).any(0)).mean())
    rows = slice(100, 130)
    assert (iuv[rows, column, 0] == 2).all()  # the chest, far from any outline
    before = trust(iuv, mask, SIDE)
    pasted = iuv.copy()  # a forearm laid before the chest
    y, x = (int(k.mean()) for k in np.nonzero(arm & (iuv[..., 0] == 21)))
    pasted[110:120, column - 5 : column + 6] = iuv[y, x]
    after = trust(pasted, mask, SIDE)
    assert before[109, column] > 0.8
    assert after[109, column] == 0
    assert after[120, column] == 0


def test_labels_carried_out_to_clothes_count_nothing():
    _, iuv, mask = person()
    row = int(np.flatnonzero((iuv[..., 0] == 2).any(1)).mean())  # the waist
    column = int(np.flatnonzero(iuv[row, :, 0] == 2).max())
    wide, cloak = iuv.copy(), mask.copy()
    for step in range(1, 31):  # a skirt: 30 pixels take the label of the body's outermost one
        away = np.s_[row - 20 : row + 20, column + step]
        free = ~mask[away]
        wide[away][free] = iuv[row - 20 : row + 20, column][free]
        cloak[away] |= wide[away][..., 0] > 0
    added = cloak & ~mask
    assert added.sum() > 300
    weight = trust(wide, cloak, SIDE)
    assert weight[added].mean() < 0.03
    assert weight[mask].mean() > 0.3


def test_nobody_is_known_nowhere():
    blank = np.zeros((20, 20, 3), np.uint8)
    assert not trust(blank, np.ones((20, 20), bool), SIDE).any()
    assert not projected(blank, blank, np.zeros((20, 20), bool), SIDE).weight.any()
