"""Speed, measured on this machine in one run: `ddp-video bench`."""

from .measure import BenchSettings, bench

__all__ = ["BenchSettings", "bench"]
