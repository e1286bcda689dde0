"""What users do wrong: one line that says what to do, an exit code, no traceback, no half file."""

import errno
import json
import os
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import ddp_video.cli.batch
from ddp_video.network import build
from ddp_video.settings import Architecture
from ddp_video.weights import save_network

SMALL = Architecture(width=0.25, channels=16, hidden=16, tower_depth=1)
ROOT = not hasattr(os, "geteuid") or os.geteuid() == 0  # nor does Windows know these permissions
INPUT, VIDEO, OUTPUT, WEIGHTS = 2, 3, 4, 5  # exit codes


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def refuses(call, folder, arguments, code, *words):
    """The command fails with this code and one line, and changes no file in the folder."""
    before = files(folder)
    outcome = call(*arguments)
    lines = outcome.err.splitlines()
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]
    assert "Traceback" not in outcome.out + outcome.err
    assert outcome.code == code
    assert files(folder) == before


# --------------------------------------------------------------------------------------- inputs


def missing(folder):
    return folder / "nowhere.mp4"


def text(folder):
    (folder / "text.mp4").write_text("this is a letter and no video\n" * 20)
    return folder / "text.mp4"


def empty(folder):
    (folder / "empty.mp4").touch()
    return folder / "empty.mp4"


def sound_only(folder):
    with av.open(folder / "sound.m4a", "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 8000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return folder / "sound.m4a"


def header_only(folder, make_clip):
    path = make_clip(folder / "cut.mp4", frames=20)
    path.write_bytes(path.read_bytes()[:300])
    return path


def folder_without_videos(folder):
    (folder / "notes").mkdir()
    (folder / "notes" / "a.txt").write_text("a")
    return folder / "notes"


@pytest.mark.parametrize("verb", ["run", "smooth", "metrics", "info"])
@pytest.mark.parametrize(
    ("make", "code"),
    [(missing, INPUT), (text, VIDEO), (empty, VIDEO), (sound_only, VIDEO)],
)
def test_unreadable_inputs(tmp_path, command, verb, make, code):
    path = make(tmp_path)
    output = ["-o", tmp_path] if verb in ("run", "smooth") else []
    refuses(command, tmp_path, [verb, path, *output], code, path.name)


def test_a_file_without_its_content(tmp_path, command, make_clip):
    path = header_only(tmp_path, make_clip)
    refuses(command, tmp_path, ["run", path, "-o", tmp_path], VIDEO, "cut.mp4")


def test_a_folder_with_nothing_to_see(tmp_path, command):
    path = folder_without_videos(tmp_path)
    refuses(command, tmp_path, ["run", path, "-o", tmp_path], INPUT, "notes")


def test_a_cut_off_tail_gives_what_could_be_read_and_a_warning(tmp_path, command, make_clip):
    path = make_clip(tmp_path / "clip.mkv", frames=40, step=5)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    outcome = command("run", path, "-o", tmp_path / "out")
    assert outcome.code == 0
    assert "warning: " in outcome.err
    content = json.loads((tmp_path / "out" / "clip.metrics.json").read_text())
    assert 0 < content["frames"] < 40
    assert content["warnings"]


def test_no_permission_to_read(tmp_path, command, make_clip, monkeypatch):
    path = make_clip(tmp_path / "clip.mp4")
    if ROOT:  # root reads everything: let the system say no
        original = Path.open

        def refused(self, *args, **kwargs):
            if self == path:
                raise PermissionError(errno.EACCES, "Permission denied", str(self))
            return original(self, *args, **kwargs)

        monkeypatch.setattr(Path, "open", refused)
        outcome = command("run", path, "-o", tmp_path)
        monkeypatch.undo()
    else:
        path.chmod(0)
        outcome = command("run", path, "-o", tmp_path)
        path.chmod(0o600)
    assert outcome.code == INPUT
    assert "permission" in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert list(files(tmp_path)) == ["clip.mp4"]


def test_a_failing_input_does_not_lose_the_others(tmp_path, command, make_clip):
    good, other = make_clip(tmp_path / "good.mp4"), make_clip(tmp_path / "other.mp4")
    arguments = [good, text(tmp_path), missing(tmp_path), other]
    outcome = command("run", *arguments, "-o", tmp_path / "out")
    assert outcome.code in (INPUT, VIDEO)
    assert sorted(files(tmp_path / "out")) == [
        *("good.contour.mp4", "good.metrics.json"),
        *("other.contour.mp4", "other.metrics.json"),
    ]
    assert sum(line.startswith("error: ") for line in outcome.err.splitlines()) == 2
    assert "good.contour.mp4" in outcome.out
    assert "other.contour.mp4" in outcome.out


@pytest.mark.parametrize("verb", ["run", "smooth"])
def test_bad_inputs_and_outputs_are_found_before_the_network_is_loaded(
    tmp_path, command, make_clip, monkeypatch, verb
):
    def load(*_):
        raise AssertionError("loaded for nothing")

    monkeypatch.setattr(ddp_video.cli.batch, "load_engines", load)
    refuses(command, tmp_path, [verb, text(tmp_path), "-o", tmp_path], VIDEO)
    name = "clip.contour.mp4" if verb == "run" else "clip.smooth.metrics.json"
    (tmp_path / name).write_text("mine")
    clip = make_clip(tmp_path / "clip.mp4")
    refuses(command, tmp_path, [verb, clip, "-o", tmp_path], OUTPUT, "--overwrite")


def test_two_inputs_of_one_name(tmp_path, command, make_clip):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = make_clip(tmp_path / "a" / "x.mp4"), make_clip(tmp_path / "b" / "x.mp4")
    outcome = command("run", first, second, "-o", tmp_path / "out")
    assert outcome.code == INPUT
    assert "same files" in outcome.err
    assert sorted(files(tmp_path / "out")) == ["x.contour.mp4", "x.metrics.json"]


# -------------------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--radius", "-1"], ["--radius -1", "0..5"]),
        (["--radius", "6"], ["--radius 6", "0..5"]),
        (["--start", "0.5", "--end", "0.2"], ["--end", "--start"]),
        (["--start", "0.5", "--end", "0.5"], ["--end", "--start"]),
        (["--start", "60"], ["60"]),
        (["--start", "soon"], ["soon", "0:00:12.5"]),
        (["--start", "-3"], ["-3"]),
        (["--end", "1:75"], ["1:75"]),
        (["--threshold", "1.5"], ["1.5"]),
        (["--threshold", "nan"], ["nan"]),
        (["--crf", "99"], ["99"]),
    ],
)
def test_options_out_of_their_bounds(tmp_path, command, make_clip, options, words):
    clip = make_clip(tmp_path / "clip.mp4")
    refuses(command, tmp_path, ["run", clip, "-o", tmp_path, *options], INPUT, *words)


def test_one_bad_radius_among_several(tmp_path, command, make_clip):
    clip = make_clip(tmp_path / "clip.mp4")
    arguments = ["smooth", clip, "-o", tmp_path, "--radius", "2", "--radius", "-1"]
    refuses(command, tmp_path, arguments, INPUT, "--radius -1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], ["INPUT", "see ddp-video run --help"]),
        (["run", "a.mp4", "--view", "nice"], ["nice", "contour", "see ddp-video run --help"]),
        (["run", "a.mp4", "--radius", "x"], ["--radius", "see ddp-video run --help"]),
        (["run", "a.mp4", "--fast"], ["--fast", "see ddp-video run --help"]),
        (["train", "a", "-o", "b", "--steps", "0"], ["--steps", "see ddp-video train --help"]),
        (["label-photos", "a", "-o", "b", "--limit", "-1"], ["--limit"]),
        (["weights", "path", "--all"], ["--all", "see ddp-video weights path --help"]),
        (["dance"], ["dance", "see ddp-video --help"]),
    ],
)
def test_usage(tmp_path, command, arguments, words):
    refuses(command, tmp_path, arguments, INPUT, *words)


def test_no_arguments_show_the_help(command):
    outcome = command()
    assert (outcome.code, outcome.err) == (2, "")
    assert "Begin with: ddp-video run clip.mp4" in outcome.out


# -------------------------------------------------------------------------------------- outputs


def test_an_output_that_exists(tmp_path, command, make_clip):
    clip = make_clip(tmp_path / "clip.mp4")
    (tmp_path / "clip.contour.mp4").write_text("mine")
    refuses(command, tmp_path, ["run", clip, "-o", tmp_path], OUTPUT, "--overwrite")
    assert command("run", clip, "-o", tmp_path, "--overwrite").code == 0
    assert (tmp_path / "clip.contour.mp4").stat().st_size > 100


def test_an_output_that_is_the_input(tmp_path, command, make_clip):
    clip = make_clip(tmp_path / "clip.mp4")
    (tmp_path / "clip.contour.mp4").hardlink_to(clip)
    refuses(command, tmp_path, ["run", clip, "-o", tmp_path, "--overwrite"], OUTPUT, "input")


def test_the_input_named_as_output(tmp_path, command, make_clip):
    clip = make_clip(tmp_path / "clip.mp4")
    refuses(command, tmp_path, ["run", clip, "-o", clip], OUTPUT, "-o takes a folder")


def test_a_file_name_as_output(tmp_path, command, make_clip):
    clip = make_clip(tmp_path / "clip.mp4")
    refuses(command, tmp_path, ["run", clip, "-o", tmp_path / "a.mp4"], OUTPUT, "a folder")


def test_a_file_in_the_way_of_the_folder(tmp_path, command, make_clip):
    clip = make_clip(tmp_path / "clip.mp4")
    (tmp_path / "out").write_text("a file")
    refuses(command, tmp_path, ["run", clip, "-o", tmp_path / "out" / "sub"], OUTPUT, "-o")


@pytest.mark.skipif(ROOT, reason="root writes everywhere")
def test_an_unwritable_folder(tmp_path, command, make_clip):
    clip = make_clip(tmp_path / "clip.mp4")
    (tmp_path / "out").mkdir(mode=0o500)
    refuses(command, tmp_path, ["run", clip, "-o", tmp_path / "out"], OUTPUT, "permission", "-o")


@pytest.mark.parametrize(
    ("number", "words"), [(errno.EACCES, "permission"), (errno.EROFS, "read-only")]
)
def test_a_folder_that_the_system_refuses(tmp_path, command, make_clip, monkeypatch, number, words):
    clip = make_clip(tmp_path / "clip.mp4")
    out = tmp_path / "out"
    original = Path.open

    def refused(self, mode="r", *args, **kwargs):
        if self.parent == out and mode[0] in "wxa":
            raise OSError(number, os.strerror(number), str(self))
        return original(self, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refused)
    refuses(command, tmp_path, ["run", clip, "-o", out], OUTPUT, words, "-o")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_no_space_left(tmp_path, command, make_clip, monkeypatch):
    """The video's temporary file leads to a device that is always full; work has begun by then."""
    clip = make_clip(tmp_path / "clip.mp4", frames=12)
    opened = av.open
    monkeypatch.setattr(
        av,
        "open",
        lambda file, mode="r", **options: opened(
            "/dev/full" if mode == "w" else file,
            mode,
            **({**options, "format": "matroska"} if mode == "w" else options),
        ),
    )
    refuses(command, tmp_path, ["run", clip, "-q", "-o", tmp_path / "out"], OUTPUT, "space", "-o")


def test_no_space_left_for_the_metrics(tmp_path, command, make_clip, monkeypatch):
    clip = make_clip(tmp_path / "clip.mp4")

    def full(self, *_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    outcome = command("run", clip, "-o", tmp_path)
    assert outcome.code == OUTPUT
    assert "space" in outcome.err
    assert "clip.metrics.json" not in files(tmp_path)


def test_an_error_of_the_system_is_one_line(tmp_path, command, make_clip, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", "x.mp4")

    clip = make_clip(tmp_path / "clip.mp4")
    monkeypatch.setattr(ddp_video.cli.batch, "run", full)
    refuses(command, tmp_path, ["run", clip, "-o", tmp_path], OUTPUT, "No space left", "free some")


def test_an_interruption(tmp_path, command, make_clip, standin):
    standin.fail_at = (4, KeyboardInterrupt())
    clip = make_clip(tmp_path / "clip.mp4")
    outcome = command("run", clip, "-o", tmp_path / "out")
    assert outcome.code == 130
    assert not files(tmp_path / "out")


# -------------------------------------------------------------------------------------- weights


@pytest.fixture
def weights(tmp_path) -> Path:
    torch.manual_seed(0)
    (tmp_path / "weights").mkdir()
    save_network(build(SMALL), SMALL, tmp_path / "weights" / "small.safetensors")
    return tmp_path / "weights" / "small.safetensors"


def unknown(_):
    return "resnet-super"


def corrupt(path):
    path.write_bytes(path.read_bytes()[:2000])
    return path


def letter(path):
    path.write_text("Dear reader, these are no weights at all.")
    return path


def of_another_backbone(path):
    architecture = json.dumps(vars(SMALL) | {"backbone": "resnet50"})
    save_file(load_file(path), path, {"architecture": architecture})
    return path


def of_another_program(path):
    save_file({"conv1.weight": torch.zeros(3)}, path)
    return path


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (unknown, "known"),
        (corrupt, "damaged"),
        (letter, "damaged"),
        (of_another_backbone, "does not fit"),
        (of_another_program, "architecture"),
    ],
)
def test_weights_that_cannot_be_used(tmp_path, ddp_video_, make_clip, weights, spoil, words):
    clip = make_clip(tmp_path / "clip.mp4")
    arguments = ["run", clip, "-o", tmp_path / "out", "--weights", spoil(weights)]
    refuses(ddp_video_, tmp_path, arguments, WEIGHTS, words)


def test_flow_weights_that_cannot_be_used(tmp_path, ddp_video_, make_clip, weights):
    clip = make_clip(tmp_path / "clip.mp4")
    arguments = ["run", clip, "-o", tmp_path, "--weights", weights, "--flow", "raft-small"]
    refuses(ddp_video_, tmp_path, [*arguments, "--flow-weights", weights], WEIGHTS, "RAFT")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there(tmp_path, ddp_video_, make_clip, weights):
    clip = make_clip(tmp_path / "clip.mp4")
    arguments = ["run", clip, "-o", tmp_path, "--weights", weights, "--device", "cuda"]
    refuses(ddp_video_, tmp_path, arguments, INPUT, "cuda")


@pytest.mark.parametrize(
    ("more", "code", "word"),
    [(["--frames", "3"], INPUT, "8 --frames"), (["-o", "there.json"], OUTPUT, "--overwrite")],
)
def test_bench_refuses_before_it_measures(ddp_video_, tmp_path, monkeypatch, more, code, word):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.json").write_text("{}")
    refuses(ddp_video_, tmp_path, ["bench", "clip.mp4", *more], code, word)


def test_bench_needs_a_video(ddp_video_, tmp_path):
    refuses(ddp_video_, tmp_path, ["bench", str(missing(tmp_path))], INPUT, "nowhere.mp4")


# ------------------------------------------------------------------------------ awkward inputs


def test_a_clash_of_names_in_a_folder_does_not_stop_the_others(tmp_path, command, make_clip):
    shots = tmp_path / "shots"
    shots.mkdir()
    for name in ("a.mov", "a.mp4", "b.mp4"):
        make_clip(shots / name)
    outcome = command("run", shots, "-o", tmp_path / "out")
    assert outcome.code == INPUT
    assert "same files" in outcome.err
    assert {"a.contour.mp4", "b.contour.mp4"} <= set(files(tmp_path / "out"))


def test_a_percent_sign_in_a_name_is_no_pattern(tmp_path, command, make_clip):
    clips = [make_clip(tmp_path / f"my%20clip%20{k}.mp4") for k in (1, 2)]
    assert command("run", *clips, "-o", tmp_path / "out").code == 0
    assert {f"my%20clip%20{k}.contour.mp4" for k in (1, 2)} <= set(files(tmp_path / "out"))


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names are text there")
def test_a_name_that_is_no_utf8(tmp_path, command, make_clip):
    clip = make_clip(tmp_path / "plain.mp4").rename(tmp_path / os.fsdecode(b"cl\xff.mp4"))
    assert command("run", clip, "-o", tmp_path / "out", "--keep").code == 0
    metrics = (tmp_path / "out" / os.fsdecode(b"cl\xff.metrics.json")).read_text("utf-8")
    assert "cl?.mp4" in metrics
    store = tmp_path / "out" / os.fsdecode(b"cl\xff.ddp")
    assert command("run", store, "-o", tmp_path / "again").code == 0


def test_options_of_the_network_do_not_go_with_stored_predictions(tmp_path, command, make_clip):
    clip, store = make_clip(tmp_path / "clip.mp4"), tmp_path / "clip.ddp"
    assert command("infer", clip, "-o", store, "--threshold", "0.4").code == 0
    for option in (("--threshold", "0.4"), ("--short-side", "64"), ("--weights", "none")):
        name = option[0]
        refuses(command, tmp_path, ["run", store, "-o", tmp_path, *option], INPUT, name)
        target = ["--to", "npz", "-o", tmp_path]
        refuses(command, tmp_path, ["export", store, *target, *option], INPUT, name)
    assert command("run", store, "-o", tmp_path / "out").code == 0
    facts = json.loads((tmp_path / "out" / "clip.metrics.json").read_text("utf-8"))
    assert facts["inference"]["threshold"] == 0.4
    assert "infer" not in facts["settings"]


def test_a_folder_of_pictures_that_was_emptied(tmp_path, command, make_clip):
    shots, store = tmp_path / "shots", tmp_path / "shots.ddp"
    shots.mkdir()
    for k in range(3):
        cv2.imwrite(str(shots / f"{k}.png"), np.full((48, 64, 3), 40 * k, np.uint8))
    assert command("infer", shots, "-o", store).code == 0
    for path in shots.iterdir():
        path.unlink()
    refuses(command, tmp_path, ["run", store, "-o", tmp_path], 7, "not there")


def test_a_folder_is_not_called_as_a_store_is(tmp_path, command, make_clip):
    clip = make_clip(tmp_path / "clip.mp4")
    for verb in (["run"], ["export", "--to", "npz"]):
        arguments = [verb[0], clip, *verb[1:], "-o", tmp_path / "x.ddp"]
        refuses(command, tmp_path, arguments, OUTPUT, "infer")


def test_sides_that_the_network_cannot_halve(tmp_path, ddp_video_):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "annotations.json").write_text('{"images": [], "annotations": []}')
    arguments = ["train", tmp_path / "data", "-o", tmp_path / "run", "--size", "300"]
    refuses(ddp_video_, tmp_path, arguments, INPUT, "--size 300", "32")
