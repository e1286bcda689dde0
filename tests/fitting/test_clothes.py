from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from ddp_video.errors import DataError
from ddp_video.fitting import terms
from ddp_video.fitting.clothes import (
    FOOT,
    HAND,
    KINDS,
    SHIN,
    SKIN,
    THING,
    TORSO,
    labels_beside,
    read_kinds,
    unlikely,
)
from ddp_video.fitting.judge import misdressed
from ddp_video.fitting.one_photo import dressed, see_photo
from ddp_video.fitting.photos import photos_in

from .painted import SIDE, Painted, painted

SHOE = 1 + list(KINDS).index("shoe")


def test_what_clothes_exclude() -> None:
    table = unlikely()
    assert not table[0].any()  # where nothing is known
    assert not table[THING].any()
    assert table[SHOE, [HAND, SHIN, TORSO]].all()
    assert not table[SHOE, FOOT]
    assert table[SKIN, TORSO]
    assert not table[SKIN, HAND]


def beside(folder: Path, classes: np.ndarray) -> Path:
    photo = folder / "a.jpg"
    cv2.imwrite(str(photo), np.zeros((*classes.shape, 3), np.uint8))
    cv2.imwrite(str(folder / "a_labels.png"), classes)
    (folder / "labels.txt").write_text("null\nshoes\nbag\nwings\n")
    return photo


def test_read_kinds(tmp_path: Path) -> None:
    photo = beside(tmp_path, np.array([[0, 1], [2, 3]], np.uint8))
    assert list(photos_in(tmp_path)) == [photo]  # its classes are no photo
    path = labels_beside(photo)
    assert path is not None
    assert path == tmp_path / "a_labels.png"
    kinds, person = read_kinds(path, (2, 2))
    np.testing.assert_array_equal(kinds, [[0, SHOE], [THING, 0]])
    np.testing.assert_array_equal(person, [[False, True], [True, True]])
    with pytest.raises(DataError, match="size"):
        read_kinds(path, (3, 2))
    (tmp_path / "labels.txt").write_text("null\nshoes\n")
    with pytest.raises(DataError, match="does not name"):
        read_kinds(path, (2, 2))
    (tmp_path / "labels.txt").unlink()
    assert labels_beside(photo) is None


def test_who_is_labelled_is_cut_by_the_labels() -> None:
    teachers: Any = Painted()
    sight = see_photo(teachers, painted(90, 20, 166, 236))
    kinds, person = np.zeros((2, SIDE, SIDE), np.uint8)
    person[10:226, 90:166] = 1
    kinds[100:120, 90:100] = THING
    kinds[200:226, 90:166] = SHOE
    out = dressed(sight, kinds, person > 0)
    (mask,) = out.masks
    assert not mask[226:].any()  # the matte alone says so
    assert not mask[:20].any()  # the labels alone say so
    assert not mask[100:120, 90:100].any()  # a bag
    assert mask[20:226, 100:166].all()
    assert out.rest[226:236, 90:166].all()
    assert out.rest[10:20, 90:166].all()
    assert out.rest[100:120, 90:100].all()
    assert out.kinds is not None
    assert (out.kinds[200:226, 90:166] == SHOE).all()
    elsewhere = np.zeros((SIDE, SIDE), bool)
    elsewhere[:10] = True
    assert dressed(sight, kinds, elsewhere) is sight


def test_labels_that_do_not_go_with_the_clothes() -> None:
    part, kinds = np.zeros((2, 100, 100), np.uint8)
    part[:50], part[50:] = 5, 14  # foot above, shin below
    kinds[:] = SHOE
    wrong = misdressed(part, kinds, 500.0)  # 4 pixels over the end are let pass
    assert not wrong[:54].any()
    assert wrong[54:].all()
    assert not misdressed(part, np.zeros_like(kinds), 500.0).any()


def test_nearest_skin_under_the_clothes() -> None:
    seen = torch.tensor([[[0.0, 0.0], [0.1, 0.0]]])
    inner = torch.tensor([[[0.04, 0.0], [0.06, 0.0]]])
    assert terms.nearest(seen, inner).tolist() == [[0, 1]]
    never = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    assert terms.nearest(seen, inner, never).tolist() == [[1, 1]]
