"""Exact optical flow between moments of a scene, and where it is known to be seen in both."""

from dataclasses import dataclass

import numpy as np

from .raster.rasterise import Camera, view_of
from .raster.ray_kernels import flow_kernel
from .raster.stage import Stage
from .raster.warped import scalars, wp
from .scene.backdrop import floor_depth

SLACK = 0.003  # metres: what is no farther before a point does not hide it (it is its own surface)


@dataclass(frozen=True)
class Flow:
    """Where what a picture shows is in another one.

    Attributes:
        flow: (h, w, 2) float32, x and y in pixels from here to there; zero where it is behind the
            other camera.
        seen: (h, w) bool, seen in both: inside the other picture and hidden by nothing.
    """

    flow: np.ndarray
    seen: np.ndarray


def flow(
    stage: Stage,
    here: tuple[int, Camera],
    there: tuple[int, Camera],
    behind: np.ndarray | None = None,
    every: int = 1,
) -> Flow:
    """Exact flow between two moments.

    People, what they hold and panels: the same point of the same triangle, moved. The background
    stands still.

    Args:
        stage: the scene.
        here: moment and camera of the picture that the flow is for.
        there: of the picture that it goes to.
        behind: (H, W) metres along the axis from here to the background, infinite for a panorama;
            by default the ground z = 0, if the stage has a floor, under a panorama.
        every: the flow is wanted of every so many-th pixel of every so many-th row.
    """
    (moment, camera), (other, then) = here, there
    sight, target, device = stage.sight(moment, camera), stage.at(other), stage.device
    if behind is None:
        behind = floor_depth(camera) if stage.floor else np.full(camera.size, np.inf)
    behind = behind[::every, ::every]
    out = wp.zeros(behind.size, dtype=wp.vec2, device=device)
    seen = wp.zeros(behind.size, dtype=wp.int32, device=device)
    given = [sight.view, view_of(then), sight.triangles, sight.nearest]
    far = scalars(np.where(np.isfinite(behind), behind, 0).ravel(), device, np.float32)
    box = [wp.vec3(*(float(v) for v in corner)) for corner in target.bounds]
    moved = [target.vertices, target.mesh.id, *box, far, SLACK, every]
    wp.launch(flow_kernel, behind.size, [*given, *moved, out, seen], device=device)
    return Flow(out.numpy().reshape(*behind.shape, 2), seen.numpy().reshape(behind.shape) > 0)
