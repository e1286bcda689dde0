"""The shipped weights on the sample clip: against its exact truth, and against golden numbers.

The golden numbers change only with the weights or with the way frames are looked at; a machine that
computes in fp32 instead of bf16 stays within the tolerances.
"""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from ddp_video.pipeline import RunReport, RunSettings, load_engines, run
from ddp_video.synthesis.clip_files import read_truth

SAMPLES = Path(__file__).parents[2] / "samples"
CLIP = SAMPLES / "crossing.mp4"
SETTINGS = RunSettings(end=Fraction(1, 2))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> RunReport:
    return run(CLIP, tmp_path_factory.mktemp("golden"), load_engines(None, SETTINGS), SETTINGS)


@pytest.fixture(scope="module")
def golden() -> dict[str, float]:
    return json.loads((SAMPLES / "golden.json").read_text())


def test_every_frame_and_all_three_people(report: RunReport) -> None:
    assert report.frames == 12
    assert set(report.people) == {3}


def test_steadiness_is_the_golden_one(report: RunReport, golden: dict[str, float]) -> None:
    raw, plain = report.raw, {radius: by["black"] for radius, by in report.rendered.items()}
    assert raw is not None
    assert raw.itf_db == pytest.approx(golden["raw_itf_db"], abs=0.01)
    for radius in (0, 2):
        assert plain[radius].itf_db == pytest.approx(golden[f"r{radius}_itf_db"], abs=0.4)
        assert plain[radius].isi == pytest.approx(golden[f"r{radius}_isi"], abs=0.01)


def test_smoothing_makes_it_steadier(report: RunReport) -> None:
    unsmoothed, smoothed = report.rendered[0]["black"], report.rendered[2]["black"]
    assert unsmoothed.itf_db and smoothed.itf_db and unsmoothed.isi and smoothed.isi
    assert smoothed.itf_db > unsmoothed.itf_db
    assert smoothed.isi > unsmoothed.isi


def test_labels_agree_with_the_truth(golden: dict[str, float]) -> None:
    from ddp_video.decode import FrameReader
    from ddp_video.infer import Predictor
    from ddp_video.render import labels
    from ddp_video.weights import load_network, resolve

    truth, _ = read_truth(SAMPLES / "crossing.truth.mkv")
    predictor = Predictor(load_network(resolve()))
    with FrameReader(CLIP, end=Fraction(1, 8)) as reader:
        frame, prediction = next(iter(predictor(reader)))
    found, true_part = labels(prediction), truth[frame.index][..., 0]
    both = (found.part > 0) & (true_part > 0)
    agree = both & (found.part == true_part)
    true_uv = truth[frame.index][..., 1:] / 255
    error = np.abs(np.stack((found.u, found.v), -1) - true_uv)[agree].mean()
    either = (found.part > 0) | (true_part > 0)
    assert both.sum() / either.sum() == pytest.approx(golden["iou"], abs=0.02)
    assert agree.sum() / both.sum() == pytest.approx(golden["parts"], abs=0.03)
    assert error == pytest.approx(golden["uv"], abs=0.01)
    assert golden["iou"] > 0.8 and golden["parts"] > 0.6
