"""Garments against a hand-made one on a body of three vertices."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from ddp_video.errors import DataError
from ddp_video.synthesis.wardrobe import makehuman
from ddp_video.synthesis.wardrobe.makehuman import (
    covered,
    dye,
    fit,
    read_mhclo,
    read_obj,
    spans,
)

MHCLO = """# a square
obj_file square.obj
material square.mhmat
x_scale 0 1 20.0
z_scale 0 1 1.0
verts 0
1
0 1 2 0.5 0.5 0.0 1.0 0.0 0.0
0 1 2 0.0 0.0 1.0 0.0 1.0 0.0
2

delete_verts
0 - 1
"""
OBJ = "v 0 0 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nf 1/1 2/2 3/3 4/4\n"


@pytest.fixture
def square(tmp_path):
    (tmp_path / "square.mhclo").write_text(MHCLO)
    (tmp_path / "square.obj").write_text(OBJ)
    (tmp_path / "square.mhmat").write_text("name x\ndiffuseTexture square.png\n")
    cv2.imwrite(str(tmp_path / "square.png"), np.full((4, 4, 3), (10, 20, 30), np.uint8))
    return tmp_path / "square.mhclo"


@pytest.fixture
def body(monkeypatch):
    monkeypatch.setattr(makehuman, "skin_weights", lambda: np.eye(3, dtype=np.float32))
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 0, 1]], np.float32)
    return SimpleNamespace(vertices=vertices)


def test_spans():
    assert spans(["3", "7", "-", "9", "12"]) == [3, 7, 8, 9, 12]


def test_a_square_becomes_two_triangles(square):
    faces, uv = read_obj(square.with_suffix(".obj"))
    assert faces.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert uv[1].tolist() == [[0, 0], [1, 1], [0, 1]]


def test_fit_places_every_vertex_by_its_three(square, body):
    garment = read_mhclo(square)
    laid = fit(garment, body, np.zeros((2, 2, 4), np.uint8))
    # x scale: the body's metre over 20 dm = 0.5, so an offset of 1 dm becomes 0.05 m; y is up.
    assert np.allclose(laid.vertices, [[1, 0, 0], [0.55, 0, 0], [0, 0, 1.1], [0, 0, 1]])
    assert np.allclose(laid.weights, [[0, 1, 0], [0.5, 0.5, 0], [0, 0, 1], [0, 0, 1]])
    assert covered(body, [garment]).tolist() == [True, True, False]


def test_a_missing_garment_names_the_way_out(tmp_path):
    with pytest.raises(DataError, match="pass the folder of MakeHuman assets"):
        read_mhclo(tmp_path / "none.mhclo")


def test_a_text_file_is_no_garment(tmp_path):
    (tmp_path / "a.mhclo").write_text("hello world\n")
    with pytest.raises(DataError, match="no MakeHuman garment"):
        read_mhclo(tmp_path / "a.mhclo")


def test_dye_keeps_shades():
    texture = np.full((2, 2, 4), 255, np.uint8)
    texture[..., :3] = [[[100] * 3, [50] * 3]]
    dyed = dye(texture, (120, 60, 30))
    # The median of 100 and 50 is 75: shades 4/3 and 2/3.
    assert dyed[0].tolist() == [[160, 80, 40, 255], [80, 40, 20, 255]]


def test_dye_measures_brightness_where_the_cloth_is():
    texture = np.full((2, 4, 4), 255, np.uint8)
    texture[:, :2, :3], texture[:, 2:, :3] = 50, 200
    dyed = dye(texture, (100, 100, 100), where=np.array([[0.1, 0.1], [0.2, 0.9], [0.3, 0.4]]))
    # The cloth lies in the left half only, so its 50 becomes the colour itself.
    assert (dyed[:, :2, :3] == 100).all()


def test_a_garment_without_its_texture_is_still_read(square):
    square.with_suffix(".png").unlink()
    assert read_mhclo(square).texture is None
