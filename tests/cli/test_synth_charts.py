"""`ddp-video synth charts`: what it refuses, and the picture of the shipped table."""

import cv2
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), "nothing to do"), (("-o", "charts.npz"), "give both"), (("--source", "."), "give both")],
)
def test_options_that_do_not_go_together(ddp_video_, arguments, words):
    outcome = ddp_video_("synth", "charts", *arguments)
    assert outcome.code == 2
    assert words in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_a_folder_without_the_source_files(ddp_video_, tmp_path):
    outcome = ddp_video_("synth", "charts", "--source", tmp_path, "-o", tmp_path / "charts.npz")
    assert outcome.code == 2
    assert "UV_Processed.mat" in outcome.err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_picture_of_the_shipped_charts(ddp_video_, tmp_path):
    outcome = ddp_video_("synth", "charts", "--picture", tmp_path / "charts.png")
    assert outcome.code == 0, outcome.err
    picture = cv2.imread(str(tmp_path / "charts.png"))
    assert picture is not None
    front_parts = picture[30:, : picture.shape[1] // 4]
    lit = (front_parts.max(2) > 40).any(0).nonzero()[0]
    # the front is as wide to the left of its middle as to the right of it
    assert lit[0] + lit[-1] == pytest.approx(front_parts.shape[1], abs=3)
