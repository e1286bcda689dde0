"""Kills `ddp-video infer` at random moments, lets it go on, and compares every byte.

    python benchmarks/kill_infer.py CLIP [--times 20] [--seconds 2] [--seed 0]

Each time a fresh store is begun and killed with SIGKILL one to three times, each at a random moment
after some random number of chunks; then it is finished and compared with one that was never
stopped.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def started(clip: Path, store: Path, seconds: str) -> subprocess.Popen[bytes]:
    """`infer` in a process of its own."""
    command = [sys.executable, "-m", "ddp_video", "infer", str(clip), "-o", str(store)]
    return subprocess.Popen([*command, "--end", seconds, "--quiet"])


def finished(clip: Path, store: Path, seconds: str) -> None:
    """Let it run to its end."""
    if started(clip, store, seconds).wait():
        sys.exit("infer failed")


def killed(process: subprocess.Popen[bytes], store: Path, after: int, delay: float) -> bool:
    """Kill it some time after it has that many chunks; False if it ended before."""
    while process.poll() is None and chunks(store) < after:
        time.sleep(0.005)
    time.sleep(delay)
    process.kill()
    return process.wait() < 0


def chunks(store: Path) -> int:
    """How many chunks are there."""
    return len(list(store.glob("0*")))


def content(store: Path) -> dict[str, bytes]:
    """All files of a store."""
    return {path.name: path.read_bytes() for path in store.iterdir()}


def main() -> None:
    """Print one line for each time, and the sum."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seconds", default="2")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    chance, identical = random.Random(args.seed), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        finished(args.clip, folder / "whole.ddp", args.seconds)
        whole = content(folder / "whole.ddp")
        for number in range(args.times):
            store, kills = folder / f"{number}.ddp", []
            most = chunks(folder / "whole.ddp")
            for _ in range(chance.randint(1, 3)):
                process = started(args.clip, store, args.seconds)
                after, delay = chance.randint(0, most - 1), chance.uniform(0, 1.5)
                if killed(process, store, after, delay + (after == 0)):
                    kills.append(chunks(store))
            finished(args.clip, store, args.seconds)
            same = content(store) == whole
            identical += same
            print(
                f"{number + 1:3d}: killed with {', '.join(map(str, kills)) or 'no'} chunks there: "
                f"{'identical' if same else 'DIFFERENT'}",
                flush=True,
            )
    print(f"{identical} of {args.times} identical to the one that was never stopped")


if __name__ == "__main__":
    main()
