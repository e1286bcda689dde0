"""The page clicked through in Chromium: swipe, curves, keys, the study, what it saves."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from ddp_video.report import Subject, write_report
from ddp_video.settings import RenderSettings, ReportSettings
from ddp_video.tracks import numbered
from ddp_video.types import Frame, Prediction, VideoInfo

from ..conftest import rectangle

pytestmark = pytest.mark.browser

FRAMES, RATE, SIZE = 48, 10, (48, 64)
NAMES = ("before <i>", "after </script>")
SOURCE = 'a "clip" & <b>.mp4'
INSIDE = (30, 24)  # x, y where somebody is


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("no Chromium here")
    with playwright.sync_playwright() as engine:
        opened = engine.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


def brightness(frame: int) -> int:
    return 16 + 4 * frame


def side(frames: list[Frame], every: int) -> Iterator[tuple[Frame, Prediction]]:
    """A person in each frame, or in every second one."""
    return numbered((each, rectangle(SIZE, each.index % every == 0)) for each in frames)


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    """Each frame is brighter than the one before; the first side loses its person in odd frames."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    info = VideoInfo(
        Path(SOURCE), SIZE[1], SIZE[0], Fraction(1, RATE), Fraction(RATE), FRAMES, None
    )
    frames = [
        Frame(np.full((*SIZE, 3), brightness(i), np.uint8), i, i + 5, info.time_base, 1)
        for i in range(FRAMES)
    ]
    made = {"weights": None, "inference": {}, "settings": {}, "smoothing": None}
    write_report(
        path,
        Subject(info, NAMES, (made, made)),
        ((*item, after) for item, (_, after) in zip(side(frames, 2), side(frames, 1), strict=True)),
        ReportSettings(crf=1, seed=4),
        RenderSettings(view="parts"),
    )
    return path


@pytest.fixture
def page(browser, report) -> Iterator[Any]:
    """The page with its film ready; at the end nothing went wrong and nothing was fetched."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    wrong: list[str] = []
    fetched: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(report.as_uri())
    settled(page, 0)
    yield page
    page.close()
    assert wrong == []
    assert all(url.startswith(("file:", "blob:", "data:")) for url in fetched)


def settled(page, frame: int) -> None:
    """Wait until that frame is told, and its picture painted."""
    page.wait_for_function(
        "frame => player.frame === frame && player.wanted === null && player.video.readyState > 1",
        arg=frame,
    )


def pixel(page, x: int, y: int, canvas: str = "#picture") -> np.ndarray:
    """RGB of a pixel of a canvas."""
    read = """([name, x, y]) => {
        const brush = document.querySelector(name).getContext("2d");
        return [...brush.getImageData(x, y, 1, 1).data];
    }"""
    return np.array(page.evaluate(read, [canvas, x, y])[:3])


def is_grey(colour: np.ndarray) -> bool:
    return int(colour.max()) - int(colour.min()) < 12


def test_the_page_says_what_it_is_of(page):
    assert page.inner_text("h1") == SOURCE
    assert page.inner_text("header .name1") == NAMES[1]
    assert page.title() == f"{SOURCE}: {NAMES[0]} and {NAMES[1]}"
    assert page.locator("figure").count() == 3 + 2  # the sides saw different people
    assert "24 of 48 frames without people" in page.inner_text("#left-out")


def test_seeking_shows_that_very_frame(page):
    for frame in (1, 17, 46, 47, 0):
        page.evaluate("frame => player.seek(frame)", frame)
        settled(page, frame)
        assert pixel(page, 2, 2) == pytest.approx(brightness(frame), abs=1.9)
        assert pixel(page, 60, 46) == pytest.approx(brightness(frame), abs=1.9)


def test_the_line_is_moved_by_pointer_and_keys(page):
    page.evaluate("player.seek(7)")  # the first side sees nobody
    settled(page, 7)
    box = page.locator("#stage").bounding_box()
    for share, empty in ((0.9, True), (0.1, False)):
        page.mouse.click(box["x"] + share * box["width"], box["y"] + 5)
        assert float(page.input_value("#split")) == pytest.approx(100 * share, abs=2)
        assert is_grey(pixel(page, *INSIDE)) == empty
    page.focus("#split")
    page.keyboard.press("End")
    assert page.input_value("#split") == "100"
    assert is_grey(pixel(page, *INSIDE))
    page.keyboard.press("ArrowLeft")
    assert page.input_value("#split") == "99.5"
    assert page.evaluate("player.frame") == 7  # the key was for the line


def test_a_click_on_a_curve_goes_there(page):
    plot = page.locator(".plot").nth(2)
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 31 / FRAMES + 1, box["y"] + 20)
    settled(page, 31)
    assert pixel(page, 2, 2) == pytest.approx(brightness(31), abs=2)
    assert plot.get_attribute("aria-valuenow") == "31"
    assert "frame 31" in plot.get_attribute("aria-valuetext")
    page.mouse.move(box["x"] + box["width"] * 31 / FRAMES, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 5 / FRAMES, box["y"] + 20, steps=8)
    page.mouse.up()
    settled(page, 5)


def test_keys_step_and_play(page):
    page.focus(".plot")
    for key, frame in (
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("PageDown", 11),
        ("End", FRAMES - 1),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        settled(page, frame)
    page.keyboard.press("Space")
    page.wait_for_function("() => player.frame > 3 && !player.video.paused")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.keyboard.press("Space")
    page.wait_for_function("() => player.video.paused")
    assert page.get_attribute("#play", "aria-label") == "Play"


def test_nothing_sticks_out_and_everything_is_reached_by_tab(page):
    for width in (360, 768, 1200):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {"split", "play", "speed", "plot", "viewer", "seed"} <= reached


def judge(page, prefer: list[int | None]) -> None:
    """Go through the study by keys; prefer one side, or none, clip by clip."""
    page.fill("#viewer", "Ann, B")
    page.keyboard.press("Enter")
    for number, side in enumerate(prefer, 1):
        assert page.inner_text("#count") == f"clip {number} of {len(prefer)}"
        left = page.evaluate("study.trials[study.at].left")
        key = "ArrowDown" if side is None else "ArrowLeft" if side == left else "ArrowRight"
        page.keyboard.press(key)


def saved(page, button: str) -> tuple[str, str]:
    """Name and content of a file that the page saves."""
    with page.expect_download() as download:
        page.click(button)
    text = Path(download.value.path()).read_text(encoding="utf-8")
    return download.value.suggested_filename, text


def test_the_study_by_keys(page):
    judge(page, [1, 1, None, 1])
    assert not page.is_visible("#trial")
    assert page.inner_text("#verdict") == "No clear preference"  # p = .25
    assert f"{NAMES[1]} was preferred in 3 of 3 (100.0 %" in page.inner_text("#explained")
    name, text = saved(page, "#save-json")
    result = json.loads(text)
    expected = binomtest(3, 3)
    assert name == 'a "clip" & <b>.study.Ann-B.json' or name.endswith(".study.Ann-B.json")
    assert (result["counts"], result["undecided"], result["share"]) == ([0, 3], 1, 1.0)
    assert result["p_value"] == pytest.approx(expected.pvalue)
    interval = expected.proportion_ci(method="exact")
    assert result["interval_95"] == pytest.approx([interval.low, interval.high])
    assert (result["seed"], result["viewer"], result["names"]) == (4, "Ann, B", list(NAMES))
    assert sorted(trial["clip"] for trial in result["trials"]) == [1, 2, 3, 4]
    assert {trial["left"] for trial in result["trials"]} == set(NAMES)
    rows = list(csv.DictReader(io.StringIO(saved(page, "#save-csv")[1])))
    assert [row["preferred"] for row in rows] == [t["preferred"] or "" for t in result["trials"]]
    assert rows[0]["source"] == SOURCE
    assert page.input_value("#seed") == "5"


def test_the_study_is_blind_and_true(page):
    """Nothing visible names a side, and each canvas shows the side that is written down."""
    page.click("#begin button")
    page.wait_for_selector("#trial[open]")
    box = page.locator("#trial").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 1200, 900)
    assert not any(name in page.inner_text("#trial") for name in (*NAMES, "smooth"))
    first, last = page.evaluate("player.loop")
    page.wait_for_function("() => player.frame > player.loop[0] && !player.video.paused")
    page.evaluate("player.video.pause()")
    odd = first + 1 + first % 2
    page.evaluate("frame => player.seek(frame)", odd)
    settled(page, odd)
    left = page.evaluate("study.trials[study.at].left")
    for canvas, side in (("left", left), ("right", 1 - left)):
        colour = pixel(page, *INSIDE, f"[data-choice={canvas}] canvas")
        assert is_grey(colour) == (side == 0)
    assert last - first == 11


def test_a_clip_repeats_until_it_is_judged(page):
    page.click("#begin button")
    page.evaluate("""() => {
        window.seen = [];
        player.watchers.push((frame) => seen.push(frame));
    }""")
    page.wait_for_function("() => seen.some((frame, i) => i && frame < seen[i - 1])", timeout=15000)
    first, last = page.evaluate("player.loop")
    assert page.evaluate("seen.every((f) => player.loop[0] <= f && f <= player.loop[1])")
    page.keyboard.press("Escape")
    page.wait_for_function("() => player.video.paused && player.loop[1] === FRAMES - 1")
    assert last - first == 11
    assert not page.is_visible("#result")


def test_undo_and_buttons(page):
    page.click("#begin button")
    page.click("[data-choice=left]")
    page.keyboard.press("Backspace")
    assert page.inner_text("#count") == "clip 1 of 4"
    for _ in range(4):
        page.click("[data-choice=none]")
    assert page.inner_text("#verdict") == "No clear preference"
    assert "No clip was decided" in page.inner_text("#explained")


def test_results_are_pooled(page, tmp_path):
    judge(page, [1, 0, 1, 1])
    result = json.loads(saved(page, "#save-json")[1])
    paths = [tmp_path / f"{i}.json" for i in range(3)]
    for path in paths:
        path.write_text(json.dumps(result))
    page.click("summary")
    page.set_input_files("#pool", paths)
    p = binomtest(9, 12).pvalue
    page.wait_for_selector("#pooled:has-text('viewers')")
    said = page.inner_text("#pooled")
    assert "3 viewers" in said and "9 of 12 (75.0 %" in said and f"p = {p:.3f}" in said
    (tmp_path / "other.json").write_text("[null]")
    page.set_input_files("#pool", tmp_path / "other.json")
    page.wait_for_selector("#pooled:has-text('leave it out')")


def test_order_and_test_are_those_of_the_field(page):
    """Random in the seed alone, and the statistics of scipy."""
    order = "seed => trialsFor(seed).map(({clip, left}) => [clip, left])"
    assert page.evaluate(order, 4) == page.evaluate(order, 4)
    orders = [page.evaluate(order, seed) for seed in range(200)]
    firsts = np.bincount([each[0][0] for each in orders], minlength=4)
    lefts = sum(each[0][1] for each in orders)
    assert binomtest(lefts, 200).pvalue > 1e-3
    assert all(binomtest(int(count), 200, 1 / 4).pvalue > 1e-3 for count in firsts)
    assert all(sum(left for _, left in each) == 2 for each in orders)
    pairs = [(k, n) for n in range(1, 41) for k in range(n + 1)]
    pairs += [(k, n) for n in (99, 330, 1000) for k in range(0, n + 1, 7)]
    p_values = page.evaluate("pairs => pairs.map(([k, n]) => binomialTest(k, n))", pairs)
    assert p_values == pytest.approx([binomtest(*pair).pvalue for pair in pairs], rel=1e-9)
    some = pairs[::9]
    intervals = page.evaluate("pairs => pairs.map(([k, n]) => binomialInterval(k, n))", some)
    expected = [binomtest(*pair).proportion_ci(method="exact") for pair in some]
    assert np.array(intervals) == pytest.approx(np.array(expected), abs=1e-8)


def test_a_pause_before_playing_begins_is_no_error(page):
    """The page's fixture finds nothing wrong."""
    page.evaluate("() => { player.seek(10); player.play(); player.video.pause(); }")
    page.wait_for_timeout(200)
    assert page.evaluate("player.video.paused")
