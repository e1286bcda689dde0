import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from ddp_video.errors import OutputError, PredictionsError
from ddp_video.store import PredictionWriter, as_stored, new_header, open_predictions, record
from ddp_video.store.chunk import Chunk
from ddp_video.types import Frame, Person, Prediction

from .test_quantise import prediction, same

FRAMES, CHUNK = 7, 3
ROOT = not hasattr(os, "geteuid") or os.geteuid() == 0  # nor does Windows know these permissions
IMAGE = np.zeros((48, 64, 3), np.uint8)


def frames(number: int = FRAMES) -> list[Frame]:
    """10 a second on a clock that begins at 2 s."""
    return [Frame(IMAGE, k, 200 + 10 * k, Fraction(1, 100), 10) for k in range(number)]


def answer(frame: Frame) -> Prediction:
    return prediction(frame.index % 3, seed=frame.index)


@dataclass
class Fake:
    """A network that notes what it is asked, and may fail."""

    asked: list[int] = field(default_factory=list)
    told: list[int] = field(default_factory=list)  # how many were there before each chunk
    fail_at: int | None = None

    def __call__(
        self, given: Iterable[Frame], before: Sequence[Person] = ()
    ) -> Iterator[tuple[Frame, Prediction]]:
        self.told.append(len(before))
        for frame in given:
            if frame.index == self.fail_at:
                raise KeyboardInterrupt
            self.asked.append(frame.index)
            yield frame, answer(frame)


def header(**made) -> dict:
    source = {"path": "clip.mp4", "sha256": "0", "time_base": "1/100", "start_time": "2"}
    facts = {"weights": None, "inference": {"device": "none"}, "smoothing": None, **made}
    return new_header(source, {"start": None, "end": None}, facts, {}, CHUNK)


def write(path: Path, network: Fake | None = None, **made) -> PredictionWriter:
    with PredictionWriter(path, header(**made)) as writer:
        for _ in record(network or Fake(), frames(), writer):
            pass
        writer.finish(["a warning"])
    return writer


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def whole(tmp_path) -> Path:
    write(tmp_path / "whole.ddp")
    return tmp_path / "whole.ddp"


def test_the_network_is_told_who_was_there_as_a_chunk_begins(tmp_path):
    network = Fake()
    write(tmp_path / "x.ddp", network)
    assert network.told == [0, 2, 2]  # two people in frames 2 and 5
    (tmp_path / "x.ddp" / "index.json").unlink()
    (tmp_path / "x.ddp" / "000001.safetensors").unlink()
    write(tmp_path / "x.ddp", network)
    assert network.told[3:] == [2]


# -------------------------------------------------------------------------------------- reading


def test_everything_comes_back(whole):
    stored = open_predictions(whole)
    assert len(stored) == FRAMES
    assert (stored.size, stored.grid, stored.radius) == ((48, 64), (6, 8), 0)
    assert stored.warnings == ("a warning",)
    assert stored.people.tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert stored.times == pytest.approx(2 + np.arange(FRAMES) / 10)
    for frame, item in zip(frames(), stored, strict=True):
        given = answer(frame)
        assert (item.index, item.pts, item.time) == (frame.index, frame.pts, frame.time)
        assert same(item.prediction(), as_stored(given))
        assert item.boxes == pytest.approx(np.array([p.box for p in given.people]).reshape(-1, 4))
        assert item.scores == pytest.approx([person.score for person in given.people])
        assert np.array_equal(item.coverage(), given.coverage.numpy() > 0)
        assert np.array_equal(item.logits(), as_stored(given).logits.numpy())


def test_files(whole):
    names = ["000000.safetensors", "000001.safetensors", "000002.safetensors"]
    assert list(content(whole)) == [*names, "header.json", "index.json"]
    with safe_open(whole / names[2], framework="numpy") as chunk:
        assert chunk.get_tensor("pts").tolist() == [260]


def test_a_span_of_time_reads_its_chunks_only(whole):
    (whole / "000000.safetensors").unlink()
    (whole / "000002.safetensors").unlink()
    stored = open_predictions(whole)
    # seconds count from the source's beginning, which its clock calls 2 s
    assert [item.index for item in stored.between(0.3, Fraction(6, 10))] == [3, 4, 5]
    assert [item.pts for item in stored.between(0.35, 0.5)] == [240]
    with pytest.raises(PredictionsError, match=r"000002\.safetensors \(frames 6–6\)"):
        _ = stored[-1]


def test_a_person_alone_reads_nothing_of_the_others(tmp_path, monkeypatch):
    """Two people who own one half of the grid each."""
    left = torch.zeros(6, 8)
    left[:, :4] = 1
    given = prediction(2)
    people = [
        replace(person, instance_mask=mask, surface_mask=mask)
        for person, mask in zip(given.people, (left, 1 - left), strict=True)
    ]
    given = replace(given, people=tuple(people))
    with PredictionWriter(tmp_path / "x.ddp", header()) as writer:
        writer.add(frames()[0], given)
        writer.finish()
    item, read = open_predictions(tmp_path / "x.ddp")[0], []
    unwatched = Chunk._field
    monkeypatch.setattr(
        Chunk, "_field", lambda self, name, *rest: read.append(name) or unwatched(self, name, *rest)
    )
    for number in (0, 1):
        read.clear()
        alone = item.person(number)
        assert same(alone, as_stored(given).of_person(number))
        k = number + 1
        assert read == [f"0.masks.{k}", "0.owner", f"0.parts.{k}", f"0.uv.{k}"]
    with pytest.raises(IndexError):
        item.person(2)


@pytest.mark.parametrize("index", [1, 2, 5])
def test_a_person_who_overlaps_others(whole, index):
    item, given = open_predictions(whole)[index], as_stored(answer(frames()[index]))
    for number in range(len(given.people)):
        assert same(item.person(number), given.of_person(number))
        masks = np.stack([given.people[number].instance_mask, given.people[number].surface_mask])
        assert np.array_equal(item.masks(number), masks)


def test_it_stands_in_for_the_network(whole):
    stored = open_predictions(whole)
    found = list(stored(iter(frames()[2:5])))
    assert [frame.index for frame, _ in found] == [2, 3, 4]
    assert all(same(each, as_stored(answer(frame))) for frame, each in found)
    with pytest.raises(PredictionsError, match=r"no prediction for the frame at 0\.700 s"):
        list(stored([Frame(IMAGE, 0, 270, Fraction(1, 100))]))


# ------------------------------------------------------------------------- stopped and resumed


@pytest.mark.parametrize("stop", range(FRAMES))
def test_a_stopped_one_goes_on_and_ends_the_same(tmp_path, whole, stop):
    path = tmp_path / "x.ddp"
    with pytest.raises(KeyboardInterrupt):
        write(path, Fake(fail_at=stop))
    assert path.exists() == (stop >= CHUNK)  # nothing is left of nothing
    if path.exists():
        with pytest.raises(PredictionsError, match="is not finished"):
            open_predictions(path)
    network = Fake()
    write(path, network)
    assert network.asked == list(range(stop - stop % CHUNK, FRAMES))
    assert content(path) == content(whole)


def test_leftovers_of_a_kill_are_tidied_up(tmp_path, whole):
    expected = content(whole)
    (whole / "000001.safetensors").rename(whole / ".000001.77-ab.part.safetensors")
    (whole / ".lock").touch()
    write(whole)
    assert content(whole) == expected


def test_killed_at_any_moment(tmp_path):
    """Real SIGKILLs, of processes that write a chunk every few milliseconds."""
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    script = Path(__file__).with_name("killed.py")
    done = subprocess.run(
        [sys.executable, script, tmp_path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    kills, different = map(int, done.stdout.split())
    assert kills >= 5
    assert different == 0


# ---------------------------------------------------------------------------------- damaged


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


@pytest.mark.parametrize("at", [0, 20, 300, 2500, -1])
def test_a_damaged_chunk_is_named_and_only_it_is_made_anew(whole, at):
    expected = content(whole)
    flip(whole / "000001.safetensors", at)
    assert open_predictions(whole).damaged() == ["000001.safetensors (frames 3–5)"]
    network = Fake()
    assert write(whole, network).damaged == ["000001.safetensors"]
    assert network.asked == [3, 4, 5]
    assert content(whole) == expected


def test_truncated(whole):
    chunk = whole / "000002.safetensors"
    expected = content(whole)
    chunk.write_bytes(chunk.read_bytes()[:-100])
    with pytest.raises(PredictionsError, match=r"000002\.safetensors \(frames 6–6\) is missing or"):
        open_predictions(whole)[6].prediction()
    assert same(open_predictions(whole)[5].prediction(), as_stored(answer(frames()[5])))
    write(whole)
    assert content(whole) == expected


def test_a_chunk_of_elsewhere(tmp_path, whole):
    write(tmp_path / "other.ddp", weights="other")
    other = (tmp_path / "other.ddp" / "000001.safetensors").read_bytes()
    (whole / "000001.safetensors").write_bytes(other)
    assert open_predictions(whole).damaged() == ["000001.safetensors (frames 3–5)"]
    (whole / "000001.safetensors").write_bytes((whole / "000000.safetensors").read_bytes())
    assert open_predictions(whole).damaged() == ["000001.safetensors (frames 3–5)"]


@pytest.mark.parametrize("cut", [0, 10, 200])
def test_a_damaged_index_is_made_anew_without_the_network(whole, cut):
    expected = content(whole)
    index = whole / "index.json"
    index.write_bytes(index.read_bytes()[:cut])
    with pytest.raises(PredictionsError, match=r"index\.json is damaged: give the command"):
        open_predictions(whole)
    network = Fake()
    write(whole, network)
    assert network.asked == []
    assert content(whole) == expected


@pytest.mark.parametrize("name", ["header.json", "index.json"])
def test_a_changed_figure_is_noticed(whole, name):
    path = whole / name
    path.write_text(path.read_text().replace("3", "4", 1))
    with pytest.raises(PredictionsError, match="is damaged"):
        open_predictions(whole)


# ------------------------------------------------------------------------------------ refused


def test_a_newer_version(whole):
    path = whole / "header.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 2}))
    before = content(whole)
    for act in (open_predictions, write):
        with pytest.raises(PredictionsError, match=r"version 2.*install a newer ddp-video"):
            act(whole)
    assert content(whole) == before


def test_other_work(whole):
    before = content(whole)
    with pytest.raises(PredictionsError, match="made with other weights or settings"):
        write(whole, weights="other")
    assert content(whole) == before


def test_overwriting(tmp_path, whole):
    with PredictionWriter(whole, header(weights="other"), overwrite=True) as writer:
        list(record(Fake(), frames(2), writer))
        writer.finish()
    assert len(open_predictions(whole)) == 2
    assert list(content(whole)) == ["000000.safetensors", "header.json", "index.json"]


def test_two_writers(tmp_path):
    path = tmp_path / "x.ddp"
    with PredictionWriter(path, header()) as writer:
        writer.add(frames()[0], answer(frames()[0]))
        with pytest.raises(OutputError, match="is being written by another process"):
            write(path)
        writer.finish()
    assert len(open_predictions(path)) == 1


def test_a_folder_with_other_files(tmp_path):
    (tmp_path / "x.ddp").mkdir()
    (tmp_path / "x.ddp" / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="a folder with other files"):
        write(tmp_path / "x.ddp")
    assert content(tmp_path / "x.ddp") == {"letter.txt": b"dear"}


def test_a_file_of_that_name(tmp_path):
    (tmp_path / "x.ddp").write_text("dear")
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / "x.ddp")
    with pytest.raises(PredictionsError, match="no stored predictions here"):
        open_predictions(tmp_path / "x.ddp")


def test_no_frames(tmp_path):
    with (
        pytest.raises(OutputError, match="no frame came"),
        PredictionWriter(tmp_path / "x.ddp", header()) as writer,
    ):
        writer.finish()
    assert not (tmp_path / "x.ddp").exists()


def test_a_source_whose_times_have_changed(whole):
    later = [replace(frame, pts=frame.pts + 1) for frame in frames()]
    with (
        pytest.raises(PredictionsError, match="other times now"),
        PredictionWriter(whole, header()) as writer,
    ):
        list(record(Fake(), later, writer))


def test_a_full_disk_keeps_what_is_finished(tmp_path, whole, monkeypatch):
    path, synced = tmp_path / "x.ddp", []

    def fsync(_: int) -> None:
        synced.append(1)
        if len(synced) > 3:  # the header and two chunks
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", fsync)
        with pytest.raises(
            OutputError, match=r"No space left.*the same command goes on from there"
        ):
            write(path)
    assert list(content(path)) == ["000000.safetensors", "000001.safetensors", "header.json"]
    write(path)
    assert content(path) == content(whole)


@pytest.mark.skipif(ROOT, reason="root may write everywhere")
def test_a_read_only_folder(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(OutputError, match="Permission denied"):
        write(tmp_path / "closed" / "x.ddp")
