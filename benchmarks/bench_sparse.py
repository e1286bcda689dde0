"""Dense convolution against gather + GEMM at several shares of active cells (`DENSE_FROM`).

python benchmarks/bench_sparse.py [--channels 128] [--device cpu] [--dtype bf16]
"""

import argparse
import statistics
import time

import torch

from ddp_video.network.background_suppression import make_sites
from ddp_video.network.sparse_residual_fcn import SparseBackend, submanifold_conv

GRID = (1, 96, 160)
RUNS = 15


def milliseconds(share: float, channels: int, device: str, dtype: torch.dtype) -> dict[str, float]:
    """Median time of one layer by each backend, in turn on the same input."""
    torch.manual_seed(0)
    side = int(GRID[1] * GRID[2] * share) // GRID[1]
    active = torch.zeros(GRID, dtype=torch.bool, device=device)
    active[:, :, : max(side, 1)] = True  # people are compact, so a band rather than random cells
    sites = make_sites(active, torch.zeros(GRID, dtype=torch.long, device=device), 1)
    x = torch.randn(len(sites), channels, device=device, dtype=dtype)
    weight = torch.randn(channels, channels, 3, 3, device=device, dtype=dtype)
    backends: tuple[SparseBackend, ...] = ("dense", "gather")
    times: dict[str, list[float]] = {name: [] for name in backends}
    for _ in range(RUNS):
        for name in backends:
            begun = time.perf_counter()
            submanifold_conv(x, weight, sites, name)
            if device == "cuda":
                torch.cuda.synchronize()
            times[name].append(1000 * (time.perf_counter() - begun))
    return {name: statistics.median(t) for name, t in times.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=("fp32", "bf16"), default="bf16")
    args = parser.parse_args()
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[args.dtype]
    print(f"one layer, {GRID[1]}x{GRID[2]} grid, {args.channels} channels, {args.dtype}, ms")
    print(f"{'active':>7} {'dense':>8} {'gather':>8} {'ratio':>6}")
    with torch.inference_mode():
        for share in (0.02, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 1.0):
            t = milliseconds(share, args.channels, args.device, dtype)
            ratio = t["gather"] / t["dense"]
            print(f"{share:7.0%} {t['dense']:8.2f} {t['gather']:8.2f} {ratio:6.2f}")


if __name__ == "__main__":
    main()
