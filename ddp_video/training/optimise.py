"""Parameter groups, learning-rate schedules, and the number format of the forward pass."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from ..settings import Precision, TrainSettings


def parameter_groups(network: nn.Module, settings: TrainSettings) -> list[dict]:
    """Trunk and the rest at their own rates; no weight decay on biases and norms."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        factor = settings.backbone_rate if "backbone.trunk." in name else 1.0
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((factor, decay), []).append(parameter)
    return [
        {"params": p, "weight_decay": decay, "factor": factor, "lr": settings.rate * factor}
        for (factor, decay), p in groups.items()
    ]


def make_optimiser(network: nn.Module, settings: TrainSettings) -> torch.optim.Optimizer:
    """SGD with momentum (Sec. 6) or AdamW."""
    groups = parameter_groups(network, settings)
    if settings.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=settings.rate, momentum=settings.momentum)
    return torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.99))


def rate_factor(step: int, settings: TrainSettings) -> float:
    """Share of the peak rate at a step: warm-up, then steps of ten (paper) or a constant and a linear decay."""
    warm = min(1.0, (step + 1) / max(settings.warmup, 1))
    if settings.milestones:
        return warm * 0.1 ** sum(step >= m for m in settings.milestones)
    decay = max(1.0, settings.decay * settings.steps)
    return warm * min(1.0, max(0.0, (settings.steps - step) / decay))


def set_rate(optimiser: torch.optim.Optimizer, step: int, settings: TrainSettings) -> float:
    """Write the step's rate into every group; returns the peak group's rate."""
    rate = settings.rate * rate_factor(step, settings)
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]
    return rate


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager:
    """Mixed precision for the forward pass; auto is bf16 on CUDA and on CPUs that compute in it."""
    if precision == "auto":
        fast_cpu = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
        precision = "bf16" if device.type == "cuda" or fast_cpu else "fp32"
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16 if precision == "bf16" else torch.float16)
