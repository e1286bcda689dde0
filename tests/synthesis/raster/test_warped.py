"""Warp starts without a word."""

import subprocess
import sys

import pytest

pytest.importorskip("warp")


def test_nothing_is_said_without_a_gpu():
    """What its library prints where there is no driver would be taken for an error."""
    code = "import sys; import ddp_video.synthesis.raster.warped; print('here', file=sys.stderr)"
    end = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    assert end.stderr == "here\n"
    assert end.stdout == ""
