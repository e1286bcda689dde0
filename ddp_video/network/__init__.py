"""Direct Dense Pose, one file for each box of the paper's Figure 2."""

import math
from itertools import pairwise

from ..errors import WeightsError
from ..settings import Architecture
from .backbone import Backbone, MobileNetV2, ResNet50
from .direct_dense_pose import DirectDensePose
from .feature_aggregation import GROUPS, FeatureAggregation
from .global_iuv_branch import GlobalIUVBranch
from .instance_branch import InstanceBranch

__all__ = ["DirectDensePose", "build"]


def build(architecture: Architecture) -> DirectDensePose:
    """The network of a given shape, with random weights.

    Raises:
        WeightsError: no network has this shape.
    """
    a = architecture
    _check(a)
    levels = len(a.level_bounds) + 1
    trunk = ResNet50() if a.backbone == "resnet50" else MobileNetV2(a.width)
    return DirectDensePose(
        Backbone(trunk, a.channels, levels),
        FeatureAggregation(a.channels),
        InstanceBranch(a.channels, a.tower_depth, levels),
        GlobalIUVBranch(a.channels, a.hidden, a.instance_norm, a.sparse),
    )


def _check(a: Architecture) -> None:
    """Refuse what no network can be built from, as the metadata of a strange file may say it."""
    rising = all(low < high for low, high in pairwise((0, *a.level_bounds)))
    wrong = {
        f"width {a.width} (a positive number)": not 0 < a.width < math.inf,
        f"channels {a.channels} (a multiple of {GROUPS})": a.channels < 1 or a.channels % GROUPS,
        f"hidden {a.hidden} (1 or more)": a.hidden < 1,
        f"tower_depth {a.tower_depth} (0 or more)": a.tower_depth < 0,
        f"level_bounds {a.level_bounds} (two or more, rising)": len(a.level_bounds) < 2
        or not rising,
    }
    found = [what for what, is_wrong in wrong.items() if is_wrong]
    if found:
        raise WeightsError(f"no network has {', '.join(found)}; choose other weights")
