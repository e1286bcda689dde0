"""Warp, or an error that says how to get it; and numpy's arrays on its devices."""

import os
import sys
import tempfile
from typing import Any

import numpy as np

from ...errors import InputError

try:
    import warp as wp
except ImportError as error:
    raise InputError(
        "rendering people needs anny and warp: pip install 'ddp-video[synth]'"
    ) from error

wp.config.quiet = True  # pyright: ignore[reportAttributeAccessIssue]
wp.config.log_level = 40  # errors only; what newer versions of Warp ask instead
NO_DRIVER = b"Could not find or load the NVIDIA CUDA driver"


def started() -> None:
    """Start Warp without what its library says, past all settings, where there is no GPU.

    What else it says goes to the standard error as ever.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as said:
        stderr = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            wp.init()
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            said.seek(0)
            os.write(2, b"".join(line for line in said if NO_DRIVER not in line))


started()


def usable(device: str) -> str:
    """The device if it is there.

    Raises:
        InputError: it is not.
    """
    if device == "cpu" or (device.startswith("cuda") and wp.is_cuda_available()):
        return device
    raise InputError(f"no device {device!r} here; render on 'cpu'")


def vectors(array: np.ndarray, kind: Any, device: str = "cpu") -> wp.array:  # noqa: ANN401
    """A (..., n) array as Warp vectors; on the CPU it is copied only if it does not fit."""
    scalar = np.int32 if kind is wp.vec3i else np.float32
    flat = np.ascontiguousarray(array, scalar).reshape(-1, array.shape[-1])
    return wp.array(flat, dtype=kind, device=device, copy=device != "cpu")


def scalars(array: np.ndarray, device: str, kind: type = np.int32) -> wp.array:
    """Numbers as a Warp array of as many dimensions."""
    return wp.array(np.ascontiguousarray(array, kind), device=device, copy=device != "cpu")
