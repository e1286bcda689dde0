"""Parameter groups and learning-rate schedules."""

import torch
from torch import nn

from ..settings import Schedule


def parameter_groups(network: nn.Module, settings: Schedule, trunk_rate: float) -> list[dict]:
    """Trunk and the rest at their own rates; no weight decay on biases and norms."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        factor = trunk_rate if "backbone.trunk." in name else 1.0
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((factor, decay), []).append(parameter)
    return [
        {"params": p, "weight_decay": decay, "factor": factor, "lr": settings.rate * factor}
        for (factor, decay), p in groups.items()
    ]


def make_optimiser(
    network: nn.Module, settings: Schedule, trunk_rate: float = 1.0
) -> torch.optim.Optimizer:
    """SGD with momentum (Sec. 6) or AdamW.

    Args:
        network: what is trained.
        settings: peak rate, decay, momentum.
        trunk_rate: factor on the rate of the backbone's trunk.
    """
    groups = parameter_groups(network, settings, trunk_rate)
    if settings.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=settings.rate, momentum=settings.momentum)
    return torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.99), fused=True)


def rate_factor(step: int, settings: Schedule) -> float:
    """Share of the peak rate: warm-up, then steps of ten (paper) or constant and linear decay."""
    warm = min(1.0, (step + 1) / max(settings.warmup, 1))
    if settings.milestones:
        return warm * 0.1 ** sum(step >= m for m in settings.milestones)
    decay = max(1.0, settings.decay * settings.steps)
    return warm * min(1.0, max(0.0, (settings.steps - step) / decay))


def set_rate(optimiser: torch.optim.Optimizer, step: int, settings: Schedule) -> float:
    """Write the step's rate into every group; returns the peak group's rate."""
    rate = settings.rate * rate_factor(step, settings)
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]
    return rate
