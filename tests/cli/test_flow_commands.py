"""`train-flow` and `evaluate-flow` as the user meets them."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ddp_video.cli.app import main


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    return int(ended.value.code or 0)


def stock(folder: Path) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    photo = cv2.resize(rng.integers(0, 255, (20, 30, 3)).astype(np.uint8), (240, 160))
    cv2.imwrite(str(folder / "photo.png"), photo)
    cv2.imwrite(str(folder / "thing.png"), np.dstack([photo, np.full(photo.shape[:2], 255)]))
    return folder


def frames(folder: Path) -> Path:
    """A texture that moves to the right by 2 pixels a frame, with a mask that moves with it."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    whole = cv2.resize(rng.integers(0, 255, (20, 40, 3)).astype(np.uint8), (320, 128))
    for t in range(3):
        mask = np.zeros((128, 160), np.uint8)
        mask[40:90, 60 + 2 * t : 100 + 2 * t] = 255
        cv2.imwrite(str(folder / f"{t}.jpg"), whole[:, 80 - 2 * t : 240 - 2 * t])
        cv2.imwrite(str(folder / f"{t}_mask.png"), mask)
    return folder


def test_trained_weights_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture):
    small = ("--preset", "cpu", "--size", "128x128", "--updates", 1, "--batch", 1, "--workers", 0)
    small += ("--warmup", 5, "--decay", 0.5, "--ema", 0)
    output, device = tmp_path / "run", ("--device", "cpu")
    assert (
        run("train-flow", stock(tmp_path / "stock"), "-o", output, "--steps", 1, *small, *device)
        == 0
    )
    (line,) = (output / "log.jsonl").read_text().splitlines()
    assert json.loads(line)["rate"] == pytest.approx(8e-4 / 5)  # the first of five steps up
    clip, figures = frames(tmp_path / "clip"), tmp_path / "flow.json"
    given = ("--flow-weights", output / "weights.safetensors", "--updates", 1, "--json", figures)
    given += ("--sheets", tmp_path / "sheets")
    assert run("evaluate-flow", "--clips", clip, *given, *device) == 0
    rows = json.loads(figures.read_text())["clip"]
    assert {"no motion", "Farnebäck", "DIS", "weights, 1 updates"} <= rows.keys()
    assert rows["DIS"]["mask_iou_1"] > 0.95 > rows["no motion"]["mask_iou_1"]
    assert rows["no motion"]["mask_iou_2"] == pytest.approx(36 / 44)
    assert "mask IoU" in capsys.readouterr().out
    sheet = cv2.imread(str(tmp_path / "sheets" / "clip.png"))
    assert sheet is not None
    assert sheet.shape == (20 + 2 * 256, 5 * 320, 3)  # two rows: frame, and four engines


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--preset", "tpu"), "no preset"),
        (("--preset", "cpu", "--size", "big"), "write width x height"),
        (("--preset", "cpu", "--size", "100x128"), "multiples of 8"),
        (("--preset", "cpu", "--clips", "."), "no rendered clips"),
    ],
)
def test_what_cannot_be_trained(
    arguments: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    folder = stock(tmp_path / "stock")
    monkeypatch.chdir(tmp_path)
    assert run("train-flow", folder, "-o", tmp_path / "run", *arguments) != 0
    assert said in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "run").exists()


def test_no_clips_to_measure(tmp_path: Path, capsys: pytest.CaptureFixture):
    assert run("evaluate-flow", "--clips", tmp_path) == DATA
    assert "has no clips" in capsys.readouterr().err


DATA = 6
