"""`--person` and `--largest`: some people alone, by numbers that last through the film."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

import ddp_video.cli.batch
from ddp_video.flow import DisFlow
from ddp_video.pipeline import Engines
from ddp_video.smooth import smooth
from ddp_video.store import as_stored, open_predictions
from ddp_video.tracks import numbered
from ddp_video.types import Frame, Person, Prediction

from ..conftest import frames_of

INPUT = 2  # exit code
FRAMES, GRID = 8, (12, 16)
LEFT, RIGHT = (1, 3, 5, 9), (9, 2, 15, 11)  # x0, y0, x1, y1 in cells; RIGHT is larger
PARTS = {LEFT: 2, RIGHT: 9}


def shown(index: int) -> list[tuple[int, int, int, int]]:
    """Who is there: RIGHT always, LEFT not from frame 5 on; the ranks change."""
    there = [LEFT, RIGHT] if index < 5 else [RIGHT]
    return there[:: 1 if index % 2 else -1]


def prediction(figures: Iterable[tuple[int, int, int, int]], size: tuple[int, int]) -> Prediction:
    logits = torch.full((75, *GRID), -6.0)
    logits[0], logits[25:] = 0.0, 0.5
    coverage = torch.zeros(GRID)
    people = []
    for rank, (x0, y0, x1, y1) in enumerate(figures):
        mask = torch.zeros(GRID)
        mask[y0:y1, x0:x1] = 1
        logits[0, y0:y1, x0:x1], logits[PARTS[x0, y0, x1, y1], y0:y1, x0:x1] = -6.0, 0.0
        coverage += mask
        box = (4.0 * x0, 4.0 * y0, 4.0 * x1, 4.0 * y1)
        people.append(Person(box, 0.9 - 0.1 * rank, mask, mask))
    return Prediction(logits, coverage, tuple(people), size)


class Couple:
    """In the network's place."""

    def __init__(self) -> None:
        self.description = {"device": "none"}
        self.empty = False  # nobody is there

    def __call__(
        self, frames: Iterable[Frame], before: Sequence[Person] = ()
    ) -> Iterator[tuple[Frame, Prediction]]:
        for frame in frames:
            yield frame, prediction([] if self.empty else shown(frame.index), frame.size)


@pytest.fixture
def couple() -> Couple:
    return Couple()


@pytest.fixture
def program(ddp_video_, monkeypatch, couple) -> Callable:
    engines = Engines(couple, DisFlow(), {"weights": None, "flow": "DIS"})
    monkeypatch.setattr(ddp_video.cli.batch, "load_engines", lambda *_, **__: engines)
    return ddp_video_


@pytest.fixture
def clip(tmp_path, make_clip) -> Path:
    return make_clip(tmp_path / "clip.mp4", frames=FRAMES, still=True)


@pytest.fixture
def store(clip, program) -> Path:
    assert program("infer", clip, "-o", clip.with_suffix(".ddp")).code == 0
    return clip.with_suffix(".ddp")


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def parts_in(folder: Path) -> list[set[int]]:
    """The parts of each frame of an export as part-png."""
    pictures = (cv2.imread(str(each), cv2.IMREAD_UNCHANGED) for each in sorted(folder.iterdir()))
    return [set(np.unique(each).tolist()) - {0} for each in pictures]


@pytest.mark.parametrize("kind", ["clip", "store"])
def test_one_person_is_exported_and_nobody_else(kind, request, tmp_path, program):
    source = request.getfixturevalue(kind)
    for option, expected in (
        (("--person", 1), [{2}] * 5 + [set()] * 3),  # a picture for each frame all the same
        (("--person", 2), [{9}] * 8),
        (("--largest",), [{9}] * 8),
        (("--person", 1, "--person", 2), [{2, 9}] * 5 + [{9}] * 3),
    ):
        out = tmp_path / "-".join(map(str, option))
        outcome = program("export", source, "--to", "part-png", "--radius", 0, "-o", out, *option)
        assert outcome.code == 0
        assert parts_in(out / "clip.part-png") == expected
        assert f"{FRAMES} frames, up to {2 if 1 in option and 2 in option else 1} p" in outcome.out


def test_everybody_by_number_is_everybody(clip, tmp_path, program):
    both = ("--person", 2, "--person", 1)
    for folder, option in (("all", ()), ("both", both)):
        assert program("export", clip, "--to", "npz", "-o", tmp_path / folder, *option).code == 0
    assert content(tmp_path / "both") == content(tmp_path / "all")


@pytest.mark.parametrize("option", [("--person", 2), ("--largest",)])
@pytest.mark.parametrize("view", ["mask", "instances"])
def test_a_store_gives_the_same_pictures(option, view, clip, store, tmp_path, program):
    drawn = ("--view", view, "--codec", "ffv1", *option)
    for source, folder in ((clip, "a"), (store, "b")):
        assert program("run", source, "-o", tmp_path / folder, *drawn).code == 0
    written = [frames_of(tmp_path / folder / f"clip.{view}.mkv") for folder in "ab"]
    assert np.array_equal(*written)
    assert json.loads((tmp_path / "a" / "clip.metrics.json").read_text())["settings"]["people"] == [
        2
    ]


def test_run_draws_one_person_and_exports_the_same(clip, tmp_path, program):
    out = tmp_path / "out"
    options = ("--view", "mask", "--export", "part-png", "--person", 1, "--radius", 0)
    assert program("run", clip, "-o", out, *options).code == 0
    with av.open(out / "clip.mask.mp4") as container:
        drawn = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(drawn) == FRAMES
    assert drawn[0][20:30, 8:16].min() > 200 and drawn[0][:, 30:].max() < 60
    assert max(picture.max() for picture in drawn[5:]) < 60
    assert parts_in(out / "clip.part-png") == [{2}] * 5 + [set()] * 3
    measured = json.loads((out / "clip.metrics.json").read_text())
    assert measured["people_per_frame"] == [1] * 5 + [0] * 3


def test_largest_keeps_what_was_inferred(clip, store, tmp_path, program):
    out = tmp_path / "out"
    assert program("run", clip, "-o", out, "--largest", "--keep").code == 0
    assert content(out / "clip.ddp") == content(store)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "clip.mp4", "--view", "mask"),
        ("run", "clip.mp4", "--export", "magicanimate"),
        ("run", "clip.ddp", "--export", "npz"),
        ("render", "clip.ddp"),
        ("export", "clip.mp4", "--to", "magicanimate"),
        ("export", "clip.ddp", "--to", "coco-json"),
        ("export", "clip.ddp", "--to", "texture"),
    ],
)
def test_who_was_never_seen(words, store, tmp_path, program):
    command, source, *options = words
    out = tmp_path / "out"
    outcome = program(command, store.with_name(source), "-o", out, *options, "--person", 7)
    assert outcome.code == INPUT
    expected = "error: --person 7 was not seen, 2 were (1, 2): --view instances shows who is who"
    assert outcome.err.strip().splitlines()[-1] == expected
    assert not out.exists() or content(out) == {}


def test_numbers_of_a_store_count_from_its_beginning(store, tmp_path, program):
    """From 0.6 s on only number 2 is there, and is still called so."""
    late = ("render", store, "--start", "0.6", "--view", "mask", "--codec", "ffv1")
    assert program(*late, "-o", tmp_path / "a", "--person", 2).code == 0
    outcome = program(*late, "-o", tmp_path / "b", "--person", 1)
    assert outcome.code == INPUT
    assert "--person 1 was not seen, 1 were (2)" in outcome.err
    assert program(*late, "-o", tmp_path / "c", "--largest").code == 0
    largest, second = (frames_of(tmp_path / folder / "clip.mask.mkv") for folder in "ca")
    assert np.array_equal(largest, second)


def test_what_is_smoothed_keeps_the_numbers(clip, store, tmp_path, program):
    """Also those of a span that begins when somebody has gone."""
    for source, name, span in ((clip, "a", ()), (store, "b", ()), (store, "c", ("--start", 0.25))):
        assert program("smooth", source, "-o", tmp_path / f"{name}.ddp", *span).code == 0
    raw, *smoothed = (
        [sorted(frame.numbers.tolist()) for frame in open_predictions(path)]
        for path in (store, *(tmp_path / f"{name}.ddp" for name in "abc"))
    )
    assert raw == [[1, 2]] * 5 + [[2]] * 3
    assert smoothed[:2] == [raw, raw]
    assert smoothed[2] == raw[-len(smoothed[2]) :]
    assert len(smoothed[2]) < FRAMES


def test_nobody_at_all(clip, couple, tmp_path, program):
    couple.empty = True
    to = ("export", clip, "--to", "part-png", "-o", tmp_path)
    outcome = program(*to, "--person", 1)
    assert outcome.code == INPUT and "nobody was" in outcome.err
    assert program(*to, "--largest").code == 0
    assert parts_in(tmp_path / "clip.part-png") == [set()] * FRAMES


def test_a_photo(tmp_path, program):
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((48, 64, 3), np.uint8))
    for option, part in ((("--person", 1), 2), (("--largest",), 9)):
        out = tmp_path / option[0]
        to = ("--to", "part-png", "-o", out, *option)
        assert program("export", tmp_path / "photo.png", *to).code == 0
        picture = cv2.imread(str(out / "photo.part-png.png"), cv2.IMREAD_UNCHANGED)
        assert set(np.unique(picture)) == {0, part}


def test_metrics_of_one_person(store, program):
    def figures(*options: object) -> dict:
        outcome = program("metrics", store, "--json", *options)
        assert outcome.code == 0
        return json.loads(outcome.out)["videos"][0]

    everybody, one, other = figures(), figures("--person", 1), figures("--largest")
    assert other["flips"] == 0 and other["n_identical"] == FRAMES - 1  # RIGHT stands still
    assert one["n_identical"] == FRAMES - 2  # LEFT goes once
    assert everybody["n_identical"] == FRAMES - 2
    assert program("metrics", store, "--person", 3).code == INPUT


def test_options_that_make_no_sense(clip, store, tmp_path, program):
    for words, says in (
        (("run", clip, "--person", 1, "--largest"), "exclude one another"),
        (("run", clip, "--person", 0), "counts from 1"),
        (("metrics", clip, "--person", 1), "no stored predictions"),
        (("export", store, "--to", "npz", "--person", "x"), "x"),
    ):
        output = () if words[0] == "metrics" else ("-o", tmp_path / "out")
        outcome = program(*words, *output)
        assert outcome.code == INPUT and says in outcome.err
        assert len(outcome.err.strip().splitlines()) == 1
        assert not (tmp_path / "out").exists()


def test_numbers_last_through_smoothing():
    image = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    time = Fraction(1, 25)
    items = [(Frame(image, i, i, time), prediction(shown(i), (48, 64))) for i in range(3)]
    for item in smooth(numbered(items), DisFlow(), [1]):
        told = {p.number: p.box[0] for p in as_stored(item.smoothed[1]).people}
        assert told == {1: 4.0 * LEFT[0], 2: 4.0 * RIGHT[0]}
