"""Direct Dense Pose, one file for each box of the paper's Figure 2."""

from ..settings import Architecture
from .backbone import Backbone, MobileNetV2, ResNet50
from .direct_dense_pose import DirectDensePose
from .feature_aggregation import FeatureAggregation
from .global_iuv_branch import GlobalIUVBranch
from .instance_branch import InstanceBranch

__all__ = ["DirectDensePose", "build"]


def build(architecture: Architecture) -> DirectDensePose:
    """The network of a given shape, with random weights."""
    a = architecture
    levels = len(a.level_bounds) + 1
    trunk = ResNet50() if a.backbone == "resnet50" else MobileNetV2(a.width)
    return DirectDensePose(
        Backbone(trunk, a.channels, levels),
        FeatureAggregation(a.channels),
        InstanceBranch(a.channels, a.tower_depth, levels),
        GlobalIUVBranch(a.channels, a.hidden, a.instance_norm, a.sparse),
    )
