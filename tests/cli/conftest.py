import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

import ddp_video.cli.batch
from ddp_video.cli.app import main
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
def ddp_video_(monkeypatch, capsys) -> Callable[..., Outcome]:
    """Run the command line on real weights."""
    monkeypatch.setenv("COLUMNS", "160")

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()  # what came before is not this command's
        with pytest.raises(SystemExit) as end:
            main([str(each) for each in arguments])
        written = capsys.readouterr()
        return Outcome(int(end.value.code or 0), plain(written.out), plain(written.err))

    return call


@pytest.fixture
def command(ddp_video_, monkeypatch, engines: Engines) -> Callable[..., Outcome]:
    """Run the command line with the stand-in in the network's place."""
    monkeypatch.setattr(ddp_video.cli.batch, "load_engines", lambda *_, **__: engines)
    return ddp_video_
