"""Where the network runs and in which number format."""

from contextlib import AbstractContextManager, nullcontext

import torch

from ..errors import InputError
from ..settings import Device, Precision


def choose_device(name: Device) -> torch.device:
    """The device asked for; auto takes CUDA, then MPS, then the CPU.

    Raises:
        InputError: a device that this machine or this build of torch does not have.
    """
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda" if cuda else "mps" if mps else "cpu"
    if (name == "cuda" and not cuda) or (name == "mps" and not mps):
        raise InputError(f"no {name} device here; use --device auto or --device cpu")
    return torch.device(name)


def choose_precision(device: torch.device, precision: Precision) -> torch.dtype:
    """auto: bf16 on CUDA and on CPUs that compute in it, fp16 on MPS, else fp32."""
    if precision != "auto":
        return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "mps":
        return torch.float16
    return torch.bfloat16 if _cpu_computes_in_bf16() else torch.float32


def _cpu_computes_in_bf16() -> bool:
    """Whether the CPU has bf16 instructions (AVX-512 BF16 or Arm's); False where torch is silent.

    oneDNN's own answer is no help: it says yes to every AVX-512 CPU, where bf16 is emulated.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is None:  # an older torch
        x86 = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
        return x86 is not None and bool(x86())
    has = capabilities()
    return bool(has.get("avx512_bf16") or has.get("bf16"))


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager:
    """Mixed precision for a forward pass; nothing where it is fp32."""
    dtype = choose_precision(device, precision)
    return nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype)
