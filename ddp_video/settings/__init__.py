"""The defaults, each in one place. Help texts derive from here."""

from .architecture import HOUSE_ARCHITECTURE, PAPER_ARCHITECTURE, Architecture
from .inference import (
    MAX_RADIUS,
    Device,
    FlowEngine,
    FlowSettings,
    InferSettings,
    Precision,
    SmoothMethod,
    SmoothSettings,
)
from .output import (
    Background,
    EncodeSettings,
    People,
    Preset,
    RenderSettings,
    ReportSettings,
    View,
)
from .synthesis import SHARD, ClipSettings, LookSettings, PictureSettings
from .training import FLOW_PRESETS, PRESETS, FlowTrainSettings, LossWeights, Schedule, TrainSettings

__all__ = [
    "FLOW_PRESETS",
    "HOUSE_ARCHITECTURE",
    "MAX_RADIUS",
    "PAPER_ARCHITECTURE",
    "PRESETS",
    "SHARD",
    "Architecture",
    "Background",
    "ClipSettings",
    "Device",
    "EncodeSettings",
    "FlowEngine",
    "FlowSettings",
    "FlowTrainSettings",
    "InferSettings",
    "LookSettings",
    "LossWeights",
    "People",
    "PictureSettings",
    "Precision",
    "Preset",
    "RenderSettings",
    "ReportSettings",
    "Schedule",
    "SmoothMethod",
    "SmoothSettings",
    "TrainSettings",
    "View",
]
