"""What a user installs: the wheel holds the package and its weights, and nothing else."""

import zipfile
from pathlib import Path

import pytest

from ddp_video import __version__
from ddp_video.report.page import SCRIPTS

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> list[str]:
    """The names of the files in the wheel."""
    builder = pytest.importorskip("hatchling.builders.wheel").WheelBuilder(str(REPOSITORY))
    folder = tmp_path_factory.mktemp("wheel")
    (path,) = builder.build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_every_module_is_in(wheel):
    modules = {
        path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "ddp_video").rglob("*.py")
    }
    assert modules <= set(wheel)
    assert "ddp_video/py.typed" in wheel


def test_the_page_of_the_report_is_in(wheel):
    page = {f"ddp_video/report/page/{part}" for part in ("page.html", "page.css", *SCRIPTS)}
    assert page <= set(wheel)


def test_the_weights_are_in(wheel):
    weights = {f"ddp_video/weights_data/{path.name}" for path in (REPOSITORY / "weights").iterdir()}
    assert "ddp_video/weights_data/manifest.toml" in weights
    assert weights <= set(wheel)


def test_nothing_else_is_in(wheel):
    assert {name.split("/")[0] for name in wheel} == {
        "ddp_video",
        f"ddp_video-{__version__}.dist-info",
    }
    assert not [name for name in wheel if "__pycache__" in name or "/tests/" in name]
