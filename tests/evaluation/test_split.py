"""The file of the validation split, and the figures that are wanted of it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ddp_video.errors import DataError
from ddp_video.evaluation.agreement import GROUPS
from ddp_video.evaluation.split import SECTIONS, Means, Split, Wanted

from .stage import Says, prediction, two_people

FILE = Path(__file__).parents[2] / "benchmarks" / "validation_split.toml"


@pytest.fixture(scope="module")
def parts() -> dict:
    import tomllib

    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def test_its_size(parts: dict):
    counts = {name: len(parts[name]["photos"]) for name in ("outlines", "clothes", "joints")}
    assert counts == {"outlines": 31, "clothes": 100, "joints": 60}
    for part in ("outlines", "clothes", "joints", "empty"):
        assert len(set(parts[part]["photos"])) == len(parts[part]["photos"])
    made = parts["rendered"]
    assert (made["pictures"]["count"], made["clips"]["count"]) == (500, 3)
    assert min(made["pictures"]["seed"], made["clips"]["seed"]) >= 1_000_000


def test_street_photos_were_never_labelled_for_training(parts: dict):
    assert all(841 <= int(name.removesuffix(".jpg")) <= 1004 for name in parts["clothes"]["photos"])


def test_neighbouring_frames_are_kept_out_together(parts: dict):
    ranges = parts["boxes"]["pedestrian_frames"]
    for name in parts["boxes"]["photos"]:
        if name.startswith("lschen_"):
            number = int(name.removeprefix("lschen_").removesuffix(".jpg"))
            assert any(low <= number <= high for low, high in ranges)


def test_every_photo_is_there(parts: dict, assets: Path):
    for part in ("outlines", "clothes", "joints", "empty", "boxes"):
        folder = assets / parts[part]["folder"]
        assert [n for n in parts[part]["photos"] if not (folder / n).is_file()] == []
    for clip in (*parts["clips"]["clips"], *parts["mattes"]["clips"]):
        assert (assets / clip).exists()


def test_boxes_lie_in_their_photos(parts: dict, assets: Path):
    for name, boxes in list(parts["boxes"]["photos"].items())[::10]:
        image = cv2.imread(str(assets / parts["boxes"]["folder"] / name))
        assert image is not None
        x0, y0, x1, y1 = np.array(boxes).T
        assert (x0 >= 0).all() and (y0 >= 0).all() and (y1 - y0 >= 80).all()
        assert (x1 <= image.shape[1]).all() and (y1 <= image.shape[0]).all()


def test_every_wanted_figure_names_something_that_is_measured(parts: dict):
    known = {f"pairs.mean.{f}" for f in ("iou", "parts", "left_right")}
    known |= {f"pairs.mean.uv_{group}" for group in GROUPS}
    known |= {"rendered.from_behind.left_right", "rendered.gpsm.AP", "outlines.masks.AP50"}
    known |= {"boxes.recall", "empty.false_person"}
    for part, figure in (("clips", "iou"), ("mattes", "matte_iou")):
        known |= {f"{part}.{Path(clip).stem}.{figure}" for clip in parts[part]["clips"]}
    wanted = Split(FILE).wanted
    assert {w.figure for w in wanted} <= known and len(wanted) == 18


def test_bounds():
    low, high = Wanted("", "a.b", at_least=0.8), Wanted("", "a.b", at_most=0.1)
    assert low.value({"a": {"b": 0.9}}) == 0.9 and low.value({"a": {}}) is low.value({}) is None
    assert low.met(0.8) and not low.met(0.79) and high.met(0.1) and not high.met(0.11)
    assert low.met(None) is None and low.met(float("nan")) is None


def small_split(folder: Path) -> Path:
    """A split of one pair and one empty photo, as a file."""
    iuv, _ = two_people()
    (folder / "pairs").mkdir(parents=True)
    cv2.imwrite(str(folder / "pairs/a.jpg"), np.zeros((96, 128, 3), np.uint8))
    cv2.imwrite(str(folder / "pairs/a_iuv.png"), iuv)
    names = ("clips", "mattes", "outlines", "boxes", "clothes", "joints")
    text = '[pairs]\nfolder = "pairs"\n[empty]\nfolder = "pairs"\nphotos = ["a.jpg"]\n'
    text += "".join(f"[{name}]\n" for name in names)
    text += '[[wanted]]\nname = "parts"\nfigure = "pairs.mean.parts"\nat_least = 0.9\n'
    (folder / "split.toml").write_text(text)
    return folder / "split.toml"


def test_only_what_is_asked_for_and_can_be_measured(tmp_path: Path):
    split = Split(small_split(tmp_path))
    truth = prediction(*two_people())
    told = []
    means = Means(lambda _: pytest.fail("no truth here"))
    asked = ("pairs", "mattes", "empty", "rendered")  # no teacher, nothing rendered
    results = split.score(Says(truth, truth), tmp_path, means, asked, about=told.append)
    assert told == list(results) == ["pairs", "empty"]
    assert results["empty"]["false_person"] == 1
    assert split.wanted[0].met(split.wanted[0].value(results))


def test_a_file_that_is_no_split(tmp_path: Path):
    for text in ("no toml", "[pairs]\n", "[[wanted]]\nsize = 3\n"):
        (tmp_path / "x.toml").write_text(text)
        with pytest.raises(DataError):
            Split(tmp_path / "x.toml")


def test_a_part_that_says_too_little(tmp_path: Path):
    split = Split(small_split(tmp_path))
    with pytest.raises(DataError, match=r"\[clips\] lacks clips, step"):
        split.score(Says(), tmp_path, Means(lambda _: pytest.fail("no truth here")), ["clips"])


def test_sections_and_tables_agree(parts: dict):
    assert set(SECTIONS) - {"rendered_clips"} == set(parts) - {"wanted"}
