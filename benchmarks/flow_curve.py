"""Error of flow against training steps, of a run of `ddp-video train-flow --keep-every N`.

    python benchmarks/flow_curve.py runs/flow --stock stock_validation

Measures every kept file of weights on layered pairs of photos that never train, and on the people
of the rendered samples; beside it no motion and DIS. Fits error = a · steps^−b to the later half,
and says where that reaches 0.6 times the error of DIS.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from ddp_video.evaluation.clips import find_clips
from ddp_video.evaluation.flow import flow_between, read_clip, score_clip
from ddp_video.evaluation.flow_baselines import ZeroFlow
from ddp_video.evaluation.flow_errors import end_point_error
from ddp_video.flow import DisFlow, make_flow
from ddp_video.settings import FlowSettings
from ddp_video.synthesis.clip_files import read_flow, read_truth
from ddp_video.training.flow.draws import photographed
from ddp_video.training.flow.pairs import FlowStream, FlowStreamSettings
from ddp_video.training.flow.stock import read_stock

SAMPLES = Path(__file__).parents[1] / "samples"
WANTED = 0.6  # of the error of DIS on people
SEED = 1_000_000  # of the pairs; reserved, as the seeds of validation_split.toml are


def main() -> None:
    """Measure the files of the run that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--stock", type=Path, required=True, help="photos that never train")
    parser.add_argument("--pairs", type=int, default=48)
    parser.add_argument("--motion", type=float, default=16.0, help="largest, in pixels")
    parser.add_argument("--step", type=int, default=12, help="every n-th frame of the samples")
    parser.add_argument("--updates", type=int, default=6)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    settings = FlowStreamSettings((192, 256), SEED, (asked.motion,) * 2, shifted=(0, 0))
    stream = FlowStream(read_stock([asked.stock]), settings)
    pairs = [stream.pair(k) for k in range(asked.pairs)]
    pairs = [(*photographed(rng, pair, settings.pairs), pair) for pair, rng in pairs]
    clips = [read_clip(path, read_truth, read_flow) for path in find_clips(SAMPLES)]
    rows = {}
    for name, engine in engines(asked.run, asked.updates).items():
        rows[name] = row = measured(engine, pairs, clips, asked.step)
        print(f"{name:>10}  " + "  ".join(f"{k} {v:.3f}" for k, v in row.items()), flush=True)
    steps = [name for name in rows if name.isdecimal()]
    for figure in ("pairs", "people"):
        print(extrapolated({int(s): rows[s][figure] for s in steps}, WANTED * rows["DIS"][figure]))
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1))


def engines(run, updates):
    """No motion, DIS, and the run's weights by their step."""
    found = {"no motion": ZeroFlow(), "DIS": DisFlow()}
    for path in sorted(run.glob("weights_*.safetensors")):
        settings = FlowSettings(weights=str(path), updates=updates)
        found[str(int(path.stem.removeprefix("weights_")))] = make_flow(settings)[0]
    return found


def measured(engine, pairs, clips, step):
    """Mean end-point errors in pixels."""
    errors = [
        end_point_error(flow_between(engine, first, second), pair.flow)[pair.seen]
        for first, second, pair in pairs
    ]
    of_clips = [score_clip({"it": engine}, clip, step)["it"] for clip in clips]
    rendered = {
        k: np.mean([row[f"epe_{k}"] for row in of_clips]) for k in ("people", "torn", "all")
    }
    figures = {"pairs": np.concatenate(errors).mean(), **rendered}
    return {name: float(value) for name, value in figures.items()}


def extrapolated(error_by_step, wanted):
    """One line: the power law through the later half, and where it reaches what is wanted."""
    later = sorted(error_by_step)[len(error_by_step) // 2 :]
    if len(later) < 2:
        return "too few weights for a fit"
    slope, offset = np.polyfit(np.log(later), np.log([error_by_step[s] for s in later]), 1)
    if slope >= 0:
        return "the error does not fall"
    steps = np.exp((np.log(wanted) - offset) / slope)
    return f"error = {np.exp(offset):.3g} · steps^{slope:.3f}; {wanted:.3f} at {steps:.3g} steps"


if __name__ == "__main__":
    main()
