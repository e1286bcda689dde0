"""Atlases: colours laid on the surface come back from it, and people keep their own atlas."""

import json
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from ddp_video.data.atlas import atlas_position
from ddp_video.errors import InputError
from ddp_video.exports import Target, open_export, output_path
from ddp_video.exports.texture import Atlas, Wardrobe, draw_texture, read_atlas
from ddp_video.render import IUV, labels
from ddp_video.tracks import numbered
from ddp_video.types import Frame

from ..conftest import frames_of
from .figures import SIZE, SMALL, TALL, TIME, info, prediction


def pattern(tile: int = 200) -> np.ndarray:
    """An atlas whose every tile has colours of its own, which change slowly across it."""
    y, x = np.mgrid[: 6 * tile, : 4 * tile]
    part = x // tile * 6 + y // tile + 1
    return np.stack([x % tile * 255 // tile, y % tile * 255 // tile, part * 10], 2).astype(np.uint8)


def surface(part: int, side: int = 240) -> IUV:
    """A square of one part, U to the right and V upwards, in an empty margin."""
    ramp = np.linspace(0, 1, side, dtype=np.float32)
    u, v = np.meshgrid(ramp, ramp[::-1])
    margins = ((4, 4), (4, 4))
    whole = np.full((side, side), part, np.uint8)
    return IUV(*(np.pad(each, margins) for each in (whole, u, v)))


@pytest.mark.parametrize(
    ("part", "u", "v", "place"),
    [
        (1, 0, 1, (0, 0)),  # the first tile: upper left, V upwards
        (1, 1, 0, (199, 199)),
        (6, 0, 1, (0, 1000)),  # down the first column
        (7, 0, 1, (200, 0)),  # then the second
        (24, 1, 0, (799, 1199)),
        (14, 0.5, 0.5, (499.5, 299.5)),
    ],
)
def test_the_layout_is_that_of_densepose(part, u, v, place) -> None:
    x, y = atlas_position(np.array([part]), np.array([u]), np.array([v]), 200)
    assert (float(x[0]), float(y[0])) == place


@pytest.mark.parametrize("part", [1, 12, 24])
def test_there_and_back(part: int) -> None:
    iuv = surface(part)
    black = np.zeros((*iuv.part.shape, 3), np.uint8)
    dressed = draw_texture(black, iuv, pattern())
    assert not dressed[iuv.part == 0].any()
    atlas = Atlas()
    atlas.add(dressed, iuv)
    picture = atlas.picture()
    seen = picture[..., 3] > 0
    assert seen.sum() > 0.97 * 200 * 200  # all but the outermost pixels
    np.testing.assert_allclose(picture[seen, :3].astype(int), pattern()[seen], atol=4)
    again = draw_texture(black, iuv, picture)
    np.testing.assert_allclose(again.astype(int), dressed, atol=8)


def test_texels_are_the_mean_of_their_frames() -> None:
    iuv = surface(3)
    atlas = Atlas()
    for level in (10, 20, 60):
        atlas.add(np.full((*iuv.part.shape, 3), level, np.uint8), iuv)
    picture = atlas.picture()
    assert set(np.unique(picture[picture[..., 3] > 0][:, :3])) == {30}


def test_the_background_beside_a_person_stays_out() -> None:
    iuv = surface(2)
    image = np.full((*iuv.part.shape, 3), 255, np.uint8)
    image[5:-5, 5:-5] = 50  # bright beside the person, and on the outermost pixels
    atlas = Atlas()
    atlas.add(image, iuv)
    picture = atlas.picture()
    assert set(np.unique(picture[picture[..., 3] > 0][:, :3])) == {50}


def test_what_was_never_seen_stays_as_in_the_video() -> None:
    iuv = surface(5)
    atlas = Atlas()
    atlas.add(np.full((*iuv.part.shape, 3), 90, np.uint8), iuv)
    frame = np.full((*iuv.part.shape, 3), 200, np.uint8)
    assert set(np.unique(draw_texture(frame, iuv, atlas.picture()))) == {90, 200}
    other = surface(6)
    np.testing.assert_array_equal(draw_texture(frame, other, atlas.picture()), frame)


def test_a_half_seen_part_is_drawn_without_holes() -> None:
    iuv = surface(9)
    half = np.where(iuv.u < 0.5, iuv.part, 0).astype(np.uint8)
    atlas = Atlas()
    atlas.add(np.full((*half.shape, 3), 70, np.uint8), IUV(half, iuv.u, iuv.v))
    picture = atlas.picture()
    assert 0.45 < (picture[400:600, 200:400, 3] > 0).mean() < 0.52
    drawn = draw_texture(np.zeros((*half.shape, 3), np.uint8), iuv, picture)
    assert (drawn[iuv.part > 0] == 70).all()


def test_each_person_has_an_atlas(tmp_path: Path) -> None:
    target = Target(output_path("texture", info(), tmp_path, "clip"), info())
    colours = ((200, 30, 30), (30, 30, 200))
    items = []
    for index, order in enumerate([(0, 1), (1, 0), (), (1,)]):  # ranks change, people do not
        found = prediction(*([TALL, SMALL][k] for k in order))
        image = np.zeros((*SIZE, 3), np.uint8)
        for rank, k in enumerate(order):
            image[labels(found.of_person(rank), SIZE).part > 0] = colours[k]
        items.append((Frame(image, index, index, TIME, 1), found))
    with open_export("texture", target) as export:
        for item in numbered(items):
            export(*item)
    people = json.loads((target.path / "people.json").read_text())
    assert [each["file"] for each in people] == ["person_01.png", "person_02.png"]
    assert [each["frames"] for each in people] == [2, 3]
    assert [(each["first"], each["last"]) for each in people] == [(0, 1), (0, 3)]
    for k, (_, parts) in enumerate([TALL, SMALL]):
        atlas = read_atlas(target.path / f"person_{k + 1:02d}.png")
        assert atlas.shape == (1200, 800, 4)
        assert np.unique(atlas[atlas[..., 3] > 0][:, :3], axis=0).tolist() == [list(colours[k])]
        seen = {int(part) for part, share in people[k]["seen_of_part"].items() if share}
        assert seen == set(parts)


def test_retexture_writes_the_whole_video(tmp_path: Path) -> None:
    atlas = tmp_path / "atlas.png"
    cv2.imwrite(str(atlas), np.full((60, 40, 3), (0, 0, 255), np.uint8))  # red, tiles of 10
    known = info((98, 132))
    target = Target(output_path("retexture", known, tmp_path, "clip"), known, texture=atlas)
    grey = np.full((98, 132, 3), 120, np.uint8)
    with open_export("retexture", target) as export:
        for index in range(3):
            figures = (TALL,) if index != 1 else ()
            found = prediction(*figures, size=(98, 132))
            export(Frame(grey, index, index, Fraction(1, 25), 1), found)
    pictures = frames_of(target.path)
    assert len(pictures) == 3
    assert np.abs(pictures[1].astype(int) - 120).max() <= 3
    assert np.abs(pictures[0][40:60, 20:40].astype(int) - (255, 0, 0)).max() <= 6


def test_what_is_no_atlas(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--texture"):
        read_atlas(None)
    with pytest.raises(InputError, match="can be read"):
        read_atlas(tmp_path / "none.png")
    for name, shape in (("wide", (800, 1200, 3)), ("grey", (1200, 800))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.zeros(shape, np.uint8))
        with pytest.raises(InputError, match="4×6"):
            read_atlas(tmp_path / f"{name}.png")


def test_a_crowd_waits_on_the_disk(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    wardrobe, plain = Wardrobe(tmp_path, at_hand=2), {number: Atlas() for number in range(5)}
    for index in range(40):
        number = int(rng.integers(5))
        image = rng.integers(0, 256, (248, 248, 3), np.uint8)
        for atlas in (wardrobe[number], plain[number]):
            atlas.add(image, surface(part=2 + number))
            atlas.seen.append(index)
    assert len(list(tmp_path.iterdir())) >= 3
    assert set(wardrobe.numbers) == set(plain)
    for number, atlas in plain.items():
        again = wardrobe[number]
        np.testing.assert_array_equal(again.total, atlas.total)
        np.testing.assert_array_equal(again.count, atlas.count)
        assert again.seen == atlas.seen


def test_an_atlas_of_16_bits_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "deep.png"), np.zeros((60, 40, 3), np.uint16))
    with pytest.raises(InputError, match="8 bits"):
        read_atlas(tmp_path / "deep.png")
