"""The page put together: nothing outside, and nothing of its data is ever read as HTML."""

import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import torch

from ddp_video.report import Series, assemble
from ddp_video.report.facts import left_out, settings_table
from ddp_video.types import Prediction

NASTY = '</script><img src=x onerror="alert(1)"> & {{film}} \u2028.mp4'


class Elements(HTMLParser):
    """Names of the elements, what stands in those with an id, and all addresses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.inside: dict[str, str] = {}
        self.addresses: list[str] = []
        self._at = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self._at = dict(attrs).get("id") or tag
        self.addresses += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.inside[self._at] = self.inside.get(self._at, "") + data


def test_data_and_film_come_back_whatever_they_hold():
    content = {"title": NASTY, "names": [NASTY, "<b>"], "times": [0, 0.5]}
    page = Elements(assemble(content, b"\x00\xff film {{data}}"))
    assert json.loads(page.inside["data"]) == content
    assert base64.b64decode(page.inside["embedded"]) == b"\x00\xff film {{data}}"
    assert page.inside["title"].strip() == NASTY
    assert "img" not in page.names
    assert page.names.count("script") == 3


def test_nothing_is_fetched_from_outside():
    text = assemble({"title": "clip.mp4"}, b"")
    assert Elements(text).addresses == ["data:,"]
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", text)
    assert "default-src 'none'" in text


def test_no_mark_is_left():
    assert "{{" not in assemble({"title": "clip.mp4"}, b"")


def made(radius: int) -> dict:
    smoothing = {"radius": radius, "flow": "DIS", "settings": {}} if radius else None
    weights = {"name": "w", "sha256": "0123456789abcdef"}
    return {
        "weights": weights,
        "inference": {"device": "cpu"},
        "settings": {"top_k": 50},
        "smoothing": smoothing,
    }


def test_settings_of_both_stand_once():
    table = settings_table(("x", "y"), (made(0), made(2)))
    assert table["head"] == ["", "x", "y"]
    assert table["rows"] == [
        ["weights", "w 0123456789ab"],
        ["device", "cpu"],
        ["top k", "50"],
        ["smoothing", "none", "paper, r = 2"],
        ["optical flow", "–", "DIS"],
    ]


def test_what_was_left_out_is_said():
    nobody = Prediction(torch.zeros(75, 4, 4), torch.zeros(4, 4), (), (16, 16))
    quiet, loud = Series(), Series()
    for series, greys in ((quiet, (10, 20, 30)), (loud, (10, 10, 20))):
        for grey in greys:
            series.add(np.full((16, 16, 3), grey, np.uint8), np.zeros((16, 16), np.uint8), nobody)
    quiet.people, loud.people = [1, 1, 1], [1, 0, 1]
    assert left_out(("x", "y"), (quiet, quiet), 0, ()) == []
    lines = left_out(("x", "y"), (quiet, loud), 2, ["the last 3 frames are damaged"])
    assert lines[0] == "Source: the last 3 frames are damaged"
    assert lines[1].startswith("2 frames are in one of the two stores only")
    assert lines[2].startswith("y: 1 of 2 pairs of frames are identical")
    assert lines[3].startswith("y: 1 of 3 frames without people")
    assert len(lines) == 4
