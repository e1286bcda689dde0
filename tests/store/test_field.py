import numpy as np
import pytest

from ddp_video.store.field import Cells, pack, unpack

# A grid 4 wide with the cells   . a b .      flat 1, 2
#                                c d e .           4, 5, 6
L_SHAPED = np.array([1, 2, 4, 5, 6])


def test_what_is_left_of_a_prediction_by_hand():
    """before + above − before above: steps along the row, less the step above."""
    values = np.array([[10, 13, 20, 21, 26]], np.uint8)
    steps = np.array([[10, 3, 7, 1, 5]], np.uint8)
    assert np.array_equal(np.diff(values, axis=1, prepend=np.uint8(0)), steps)
    # d lies under a (step 10), e under b (step 3), c under nothing
    rest = np.array([[10, 3, 7, 1 - 10, 5 - 3]]).astype(np.uint8)
    cells = Cells(L_SHAPED, 4)
    assert np.array_equal(cells.less_above(steps), rest)
    assert np.array_equal(cells.plus_above(rest), steps)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
def test_any_field_on_any_cells_comes_back(dtype, share):
    rng = np.random.default_rng(0)
    flat = np.flatnonzero(rng.random(17 * 23) < share)
    values = rng.integers(0, np.iinfo(dtype).max, (3, len(flat)), dtype, endpoint=True)
    cells = Cells(flat, 23)
    assert np.array_equal(unpack(pack(values, cells), 3, cells, dtype), values)


def test_a_smooth_field_takes_little():
    y, x = np.mgrid[:64, :64]
    plane = (40 + 2 * x + y)[None].reshape(1, -1).astype(np.uint8)
    assert len(pack(plane, Cells(np.arange(64 * 64), 64))) < 100  # 4096 values


def test_no_cells():
    none = Cells(np.zeros(0, np.intp), 4)
    empty = np.zeros((2, 0), np.uint16)
    assert unpack(pack(empty, none), 2, none, np.uint16).shape == (2, 0)


@pytest.mark.parametrize("at", [2, 10, -1])
def test_damage_is_noticed(at):
    cells = Cells(L_SHAPED, 4)
    packed = bytearray(pack(np.arange(10, dtype=np.uint16).reshape(2, 5), cells))
    packed[at] ^= 4
    with pytest.raises(ValueError, match="checksum"):
        unpack(bytes(packed), 2, cells, np.uint16)


def test_another_number_of_values_is_noticed():
    cells = Cells(L_SHAPED, 4)
    with pytest.raises(ValueError, match="3 × 5 values"):
        unpack(pack(np.zeros((2, 5), np.uint8), cells), 3, cells, np.uint8)
