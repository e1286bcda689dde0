"""A scene with people in it, moment by moment: its pictures and its exact labels (`labelling`)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...errors import InputError
from ..body.body import Body, Surface
from ..charts.lookup import Charts
from ..scene.room import PANEL_FACES, PANEL_UV, Panel
from .assembly import Assembly, Piece, Posed
from .labelling import Labels
from .raster_kernels import NEAR
from .rasterise import Camera, Light, Sight, spread
from .shading import Picture, exposed, picture
from .truth import JOINTS, PersonTruth, Truth, seen_joints, whole_box

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
        self.assembly = Assembly(pieces, device)
        skins = [Piece(person.body.skin(BLANK), k + 1, k) for k, person in enumerate(people)]
        self.bodies = Assembly(skins, device) if skins else None
        self.first_piece = np.cumsum([0, *(len(person.surfaces) for person in people)])
        self._posed: dict[int, Posed] = {}
        self._sight: tuple[int, Sight] | None = None

    def at(self, moment: int) -> Posed:
        """Everything as it stands at one moment; the last few are kept."""
        if moment not in self._posed:
            if len(self._posed) == REMEMBERED:
                del self._posed[next(iter(self._posed))]
            self._posed[moment] = self.assembly.posed(self._transforms(moment))
        return self._posed[moment]

    def _transforms(self, moment: int) -> list[np.ndarray]:
        """(B, 3, 4) of each actor's bones."""
        return [transforms[moment] for _, transforms in self.actors]

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

        Args:
            moments: while the shutter is open.
            cameras: at those moments.
            seed: of the sampling.
        """
        shots = zip(moments, cameras, spread(len(moments), seed), strict=True)
        sights = (Sight(self.at(moment), camera, shift) for moment, camera, shift in shots)
        return exposed(sights, len(moments), self.light, seed=seed, floor=self.floor)

    def labels(self, moment: int, camera: Camera) -> Truth:
        """Exact labels through the pixels' centres."""
        sight = self.sight(moment, camera)
        found, size = sight.hits(), camera.size
        iuv = self._labels.of(found).reshape(*size, 3)
        owner = found.owner.numpy().reshape(size).astype(np.uint8)
        depth = found.depth.numpy().reshape(size)
        body, people = np.zeros(size, bool), []
        if self.bodies:
            skins = Sight(self.bodies.posed(self._transforms(moment)), camera)
            body = skins.behind(found.owner)
        for k in range(len(self.actors)):
            mine = owner == k + 1
            joints = seen_joints(self._joints(k, moment), camera, mine, iuv[..., 0], depth)
            people.append(PersonTruth(self._box(k, sight), int(mine.sum()), joints))
        return Truth(iuv, owner, body, depth, tuple(people), camera)

    @cached_property
    def _labels(self) -> Labels:
        """I, U, V of the people."""
        bodies = [actor.body for actor, _ in self.actors]
        return Labels(self.assembly, bodies, self.charts)

    def _box(self, k: int, sight: Sight) -> np.ndarray:
        """Actor k's box (4,), as if nothing were before it."""
        first, last = self.assembly.starts[self.first_piece[k : k + 2]]
        return whole_box(sight.triangles.seen[int(first) : int(last)].numpy(), sight.camera, NEAR)

    def _joints(self, k: int, moment: int) -> np.ndarray:
        """(17, 3) where actor k's joints are."""
        actor, transforms = self.actors[k]
        return actor.body.joints(transforms[moment])[: len(JOINTS)]
