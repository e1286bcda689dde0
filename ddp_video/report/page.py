"""The HTML file: the page's parts put together with its data and video."""

import base64
import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

SCRIPTS = ("statistics.js", "player.js", "curves.js", "study.js", "page.js")  # in this order
_MARK = re.compile(r"\{\{(\w+)\}\}")


def assemble(content: Mapping[str, Any], film: bytes) -> str:
    """The page.

    Args:
        content: what the scripts read, JSON; `title` is the page's.
        film: MP4.

    Returns:
        HTML that refers to nothing outside.
    """
    filled = {
        "title": html.escape(content["title"]),
        "style": part("page.css"),
        "script": "".join(map(part, SCRIPTS)),
        "data": embedded_json(content),
        "film": base64.b64encode(film).decode("ascii"),
    }
    return _MARK.sub(lambda mark: filled[mark[1]], part("page.html"))


def part(name: str) -> str:
    """A file of the page."""
    return files("ddp_video.report").joinpath("page", name).read_text(encoding="utf-8")


def embedded_json(content: Mapping[str, Any]) -> str:
    """JSON that cannot end the script element it stands in, whatever it holds."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
