import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

import ddp_video.cli.batch
from ddp_video.cli.app import app
from ddp_video.pipeline import Engines


@dataclass(frozen=True)
class Outcome:
    """What a command did: exit code, standard output and standard error without colours."""

    code: int
    out: str
    err: str


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.fixture
def ddp_video_(monkeypatch) -> Callable[..., Outcome]:
    """Run the command line on real weights."""
    monkeypatch.setenv("COLUMNS", "160")

    def call(*arguments: object) -> Outcome:
        result = CliRunner().invoke(app, [str(each) for each in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, plain(result.stdout), plain(result.stderr))

    return call


@pytest.fixture
def command(ddp_video_, monkeypatch, engines: Engines) -> Callable[..., Outcome]:
    """Run the command line with the stand-in in the network's place."""
    monkeypatch.setattr(ddp_video.cli.batch, "load_engines", lambda *_: engines)
    return ddp_video_
