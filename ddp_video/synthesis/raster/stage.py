"""A scene with people in it, moment by moment: its pictures and its exact labels.

The label rule: a point of skin, clothes, shoes or hair takes I, U, V of the body point that is
nearest to it in the **rest pose** (to its anchor, where a surface has anchors). So the labels move
with the clothes, and no label jumps between limbs that come near each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...errors import InputError
from ..body.body import Body, Surface
from ..charts.lookup import Charts
from ..scene.room import PANEL_FACES, PANEL_UV, Panel
from .assembly import Assembly, Piece, Posed
from .memo import Memo
from .raster_kernels import NEAR
from .rasterise import Camera, Hits, Light, Sight, spread
from .ray_kernels import chart_kernel
from .shading import Picture, exposed, picture
from .truth import JOINTS, PersonTruth, Truth, seen_joints, whole_box
from .warped import scalars, vectors, wp

REMEMBERED = 6  # moments kept ready: a frame's and those that its flow goes to
BLANK = np.full((2, 2, 4), 255, np.uint8)


@dataclass(frozen=True)
class Actor:
    """One dressed person.

    Attributes:
        body: the naked body.
        surfaces: skin, clothes, shoes, hair.
        props: what moves with the body's bones but is not the person: things in hands.
    """

    body: Body
    surfaces: list[Surface]
    props: list[Surface] = field(default_factory=list)


def still(panel: Panel) -> Surface:
    """A panel as a surface that no bone moves."""
    corners = panel.corners.astype(np.float32)
    weights = np.zeros((4, 0))
    return Surface(corners, PANEL_FACES, PANEL_UV, weights, panel.texture, panel.gloss)


def _chart_mesh(body: Body, charts: Charts, device: str) -> wp.Mesh:
    points = vectors(charts.refine(body.vertices), wp.vec3, device)
    return wp.Mesh(points, scalars(charts.faces.ravel(), device))


def _chart_table(charts: Charts, device: str) -> tuple[wp.array, wp.array, wp.array]:
    u, v = (vectors(values, wp.vec3, device) for values in (charts.u, charts.v))
    return scalars(charts.part, device), u, v


chart_mesh = Memo(_chart_mesh)  # a body's chart surface at rest, ready for nearest points
chart_table = Memo(_chart_table)  # I, U, V of the charts' faces


class Stage:
    """A scene with people in it, moment by moment.

    Args:
        panels: walls, floors, furniture, whatever hides people; may be empty.
        actors: with the bone transforms (T, B, 3, 4) of all moments.
        light: of the scene.
        charts: the DensePose charts, for the labels.
        floor: there is ground at z = 0 that is no panel: it takes shadows, hides the sky from
            below, and lies still while the camera moves.
        device: `cpu` or `cuda`; all work is done there.

    Raises:
        InputError: there is nothing in it, or no such device.
    """

    def __init__(
        self,
        panels: list[Panel],
        actors: list[tuple[Actor, np.ndarray]],
        light: Light,
        charts: Charts,
        *,
        floor: bool = False,
        device: str = "cpu",
    ) -> None:
        self.actors, self.light, self.charts, self.floor = actors, light, charts, floor
        self.device = device
        people = [actor for actor, _ in actors]
        pieces = [Piece(s, k + 1, k) for k, person in enumerate(people) for s in person.surfaces]
        pieces += [Piece(s, 0, k) for k, person in enumerate(people) for s in person.props]
        pieces += [Piece(still(panel), 0, -1) for panel in panels]
        if not pieces:
            raise InputError("the scene is empty; give it a person or a panel")
        hidden = [Piece(person.body.skin(BLANK), k + 1, k) for k, person in enumerate(people)]
        self.assembly = Assembly(pieces, hidden, device)
        self.first_piece = np.cumsum([0, *(len(person.surfaces) for person in people)])
        self._posed: dict[int, Posed] = {}
        self._sight: tuple[int, Sight] | None = None

    def at(self, moment: int) -> Posed:
        """Everything as it stands at one moment; the last few are kept."""
        if moment not in self._posed:
            if len(self._posed) == REMEMBERED:
                del self._posed[next(iter(self._posed))]
            transforms = [transforms[moment] for _, transforms in self.actors]
            self._posed[moment] = self.assembly.posed(transforms)
        return self._posed[moment]

    def sight(self, moment: int, camera: Camera) -> Sight:
        """What a camera sees at one moment; the last one is kept."""
        if self._sight is None or self._sight[0] != moment or self._sight[1].camera is not camera:
            self._sight = moment, Sight(self.at(moment), camera)
        return self._sight[1]

    def picture(self, moment: int, camera: Camera, seed: int) -> Picture:
        """What stands there at one moment.

        Args:
            moment: of the transforms.
            camera: whose picture.
            seed: of the sampling.
        """
        return picture(self.sight(moment, camera), self.light, seed=seed, floor=self.floor)

    def exposure(self, moments: Sequence[int], cameras: Sequence[Camera], seed: int) -> Picture:
        """The mean of moments, each seen through another point of the pixel: motion blur.

        Of four moments or more, each casts rays for a quarter of the pixels, in turn.

        Args:
            moments: while the shutter is open.
            cameras: at those moments.
            seed: of the sampling.
        """
        turns = len(moments) > 3
        shots = zip(moments, cameras, spread(len(moments), seed), strict=True)
        return exposed(
            picture(
                Sight(self.at(moment), camera, shift),
                self.light,
                seed=seed + k,
                floor=self.floor,
                per=2,
                phase=k % 4 if turns else -1,
            )
            for k, (moment, camera, shift) in enumerate(shots)
        )

    def labels(self, moment: int, camera: Camera) -> Truth:
        """Exact labels through the pixels' centres."""
        sight = self.sight(moment, camera)
        found, size = sight.hits(), camera.size
        iuv = self._charted(found).reshape(*size, 3)
        owner = found.owner.numpy().reshape(size).astype(np.uint8)
        depth = found.depth.numpy().reshape(size)
        body, people = np.zeros(size, bool), []
        for k in range(len(self.actors)):
            mine = owner == k + 1
            body |= mine & sight.mask_of(*self.assembly.hidden_faces(k))
            box, area = self._whole(k, sight)
            joints = seen_joints(self._joints(k, moment), camera, mine, iuv[..., 0], depth)
            people.append(PersonTruth(box, area, int(mine.sum()), joints))
        return Truth(iuv, owner, body, depth, tuple(people), camera)

    @cached_property
    def _anchors(self) -> wp.array:
        """Points of the rest pose at which labels are looked up, one per vertex."""
        surfaces = [piece.surface for piece in self.assembly.pieces]
        points = [s.vertices if s.anchors is None else s.anchors for s in surfaces]
        return vectors(np.concatenate(points), wp.vec3, self.device)

    def _charted(self, found: Hits) -> np.ndarray:
        """(H·W, 3) I, U, V of what the pixels see."""
        n, device = len(found.face), self.device
        out = wp.zeros(n, dtype=wp.vec3, device=device)
        if self.actors:
            meshes = [chart_mesh(actor.body, self.charts, device) for actor, _ in self.actors]
            bodies = wp.array([mesh.id for mesh in meshes], dtype=wp.uint64, device=device)
            table = chart_table(self.charts, device)
            given = [self.assembly.static["corners"], self._anchors, bodies, *table]
            seen = [found.face, found.owner, found.bary, out]
            wp.launch(chart_kernel, n, [*given, *seen], device=device)
        return out.numpy()

    def _whole(self, k: int, sight: Sight) -> tuple[np.ndarray, int]:
        """Actor k's box (4,) and its area in pixels, as if nothing were before it."""
        first, last = self.first_piece[k : k + 2]
        area = sight.mask_of(*self.assembly.ends[[first, last]].tolist()).sum()
        vertices = slice(*self.assembly.starts[[first, last]].tolist())
        return whole_box(sight.triangles.seen[vertices].numpy(), sight.camera, NEAR), int(area)

    def _joints(self, k: int, moment: int) -> np.ndarray:
        """(17, 3) where actor k's joints are."""
        actor, transforms = self.actors[k]
        return actor.body.joints(transforms[moment])[: len(JOINTS)]
