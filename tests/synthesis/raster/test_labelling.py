"""Which triangles take what lies between their corners, and how far that is from looking it up."""

import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

from ddp_video.synthesis.body.body import Body, Surface
from ddp_video.synthesis.charts.lookup import Charts
from ddp_video.synthesis.raster import labelling
from ddp_video.synthesis.raster.rasterise import Light
from ddp_video.synthesis.raster.stage import Actor, Stage
from ddp_video.synthesis.scene.camera import look

pytestmark = pytest.mark.filterwarnings("default")

SKIN = np.full((8, 8, 4), 200, np.uint8)
LIGHT = Light((-2.0, -3.0, 3.0), 0.3, (9.0, 9.0, 9.0), (0.5, 0.5, 0.5), (0.3, 0.3, 0.3))


@pytest.mark.parametrize(
    ("off", "parts", "us", "moved", "plain"),
    [
        (0.02, (2, 2, 2), (0.5, 0.55, 0.6), 0.0, True),
        (0.02, (2, 2, 1), (0.5, 0.55, 0.6), 0.0, False),  # across a border of parts
        (0.02, (5, 5, 5), (0.02, 0.98, 0.5), 0.0, False),  # across the cut of a chart
        (0.02, (2, 2, 2), (0.5, 0.6, 0.7), 0.0, False),  # large, and off the skin
        (0.0, (2, 2, 2), (0.5, 0.6, 0.7), 0.0, True),  # large, on the skin
        (0.02, (2, 2, 2), (0.5, 0.55, 0.6), 0.1, False),  # one corner is near another limb
    ],
)
def test_triangles_that_lie_together(off, parts, us, moved, plain):
    nearest = np.array([[0.0, 0, 0], [0.02, 0, 0], [0, 0, 0.02]])
    points = nearest + np.array([0, off, 0])
    nearest[2, 0] += moved
    iuv = np.column_stack([parts, us, np.full(3, 0.5)])
    assert labelling.together(points, nearest, iuv, np.array([[0, 1, 2]])).tolist() == [plain]


def test_what_lies_between_is_what_would_be_found(monkeypatch):
    """Of skin and of clothes 2 cm off it, against every pixel looked up by itself."""
    body = Body({"gender": 1.0, "age": 0.667})
    skin = body.skin(SKIN)
    wide = (skin.vertices * (1.06, 1.06, 1.0)).astype(np.float32)
    clothes = Surface(wide, skin.faces, skin.uv, skin.weights, SKIN)
    transforms = body.transforms({"root": np.eye(3)[None]}, np.zeros((1, 3)))
    view = look(np.array([0.0, -4.5, 0.1]), np.zeros(3), 0.0, 500.0, (260, 200))

    def labels() -> np.ndarray:
        actors = [(Actor(body, [surface]), transforms) for surface in (skin, clothes)]
        scenes = [Stage([], [actor], LIGHT, Charts.shipped()) for actor in actors]
        return np.stack([scene.labels(0, view).iuv for scene in scenes])

    between = labels()
    monkeypatch.setattr(labelling, "charted", labelling._charted)  # nothing remembered
    monkeypatch.setattr(labelling, "together", lambda *given: np.zeros(len(given[-1]), bool))
    found = labels()
    there = found[..., 0] > 0
    same = there & (between[..., 0] == found[..., 0])
    assert same.sum() > 0.998 * there.sum()
    error = np.abs(between - found)[..., 1:].max(-1)
    assert np.quantile(error[0][same[0]], 0.99) < 0.004  # skin: to the last of 8 bits
    assert error[1][same[1]].mean() < 0.006
    assert np.quantile(error[1][same[1]], 0.99) < 0.03
