"""Anny as a light differentiable function: pose and shape to some points of the skin.

Anny poses 19,158 vertices at once; a fit needs the joints and some thousand points of the skin,
hundreds of times. All is linear in the shape's coefficients and in the bones' transforms, so a
landmark that is a mean of hundreds of vertices is the sum of a few points, one a bone.

Dims: B people, J turning bones, K landmarks, P points, S shape coefficients, A all bones,
N base mesh vertices.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..raster import warped  # noqa: F401  (before anny loads warp: it quietens it)
from .body import anny_model, skin_weights

# Bones that turn; fingers, toes and eyes turn with the hand, the foot and the head.
TURNING = (
    "pelvis", "upperleg01", "upperleg02", "lowerleg01", "lowerleg02", "foot", "spine05",
    "spine04", "spine03", "spine02", "spine01", "clavicle", "shoulder01", "upperarm01",
    "upperarm02", "lowerarm01", "lowerarm02", "wrist", "neck01", "neck02", "neck03", "head",
)  # fmt: skip
SHAPE_REACH = 0.45  # phenotypes lie in 0.5 ± this


@dataclass(frozen=True)
class Points:
    """Points bound to the skeleton.

    Attributes:
        rest: (P, 3) metres, with all coefficients zero.
        blend: (S, P·3) what each coefficient adds.
        weights: (P, A) share of each bone.
    """

    rest: Tensor
    blend: Tensor
    weights: Tensor

    def posed(self, coefficients: Tensor, bones: Tensor) -> Tensor:
        """(B, S) coefficients and (B, A, 3, 4) transforms → (B, P, 3) metres."""
        shaped = self.rest + (coefficients @ self.blend).unflatten(1, (-1, 3))
        blend = torch.einsum("pa,bak->bpk", self.weights, bones.flatten(2)).unflatten(2, (3, 4))
        return apply(blend[..., :3], shaped) + blend[..., 3]


@dataclass(frozen=True)
class Landmarks:
    """Landmarks as sums of points that belong to one bone each.

    Attributes:
        points: the centre of the vertices that a bone moves.
        share: (K, P) what each point counts in each landmark.
    """

    points: Points
    share: Tensor

    def posed(self, coefficients: Tensor, bones: Tensor) -> Tensor:
        """(B, S) coefficients and (B, A, 3, 4) transforms → (B, K, 3) metres."""
        return self.share @ self.points.posed(coefficients, bones)


class PosableBody:
    """Anny's skeleton and skin on one device, in float32.

    Args:
        device: where it computes.

    Attributes:
        names: all A bones.
        turning: the J bones that turn, parents first.
        shapes: number of phenotypes, the length of a shape.

    Raises:
        InputError: anny is not installed.
    """

    def __init__(self, device: str | torch.device = "cpu") -> None:
        self.device = torch.device(device)
        model = anny_model()
        self._model = model
        self.names: list[str] = list(model.bone_labels)
        self.shapes = len(model.phenotype_labels)
        parents = [max(int(p), 0) for p in model.bone_parents]
        bones = [0, *(b for b, n in enumerate(self.names) if n.split(".")[0] in TURNING)]
        self.turning = [self.names[b] for b in bones[1:]]
        carrier = list(range(len(parents)))
        for b in range(1, len(parents)):
            carrier[b] = b if b in bones else carrier[parents[b]]
        self._bones = self._long(bones)
        self._parents = self._long(parents)
        self._carrier = self._long([bones.index(c) for c in carrier])
        above = [bones.index(carrier[parents[b]]) for b in bones]
        self._above = self._long(above)
        levels = depth_levels(above)
        self._order = torch.argsort(self._long([b for level in levels for b in level]))
        self._levels = [
            (self._long(level), self._long([levels[max(d - 1, 0)].index(above[b]) for b in level]))
            for d, level in enumerate(levels)
        ]
        self._ancestry = self._put(ancestry(parents))
        self._heads = self._put(model.template_bone_heads)
        self._heads_blend = self._put(model.bone_heads_blendshapes).flatten(1)
        self._reference = self._put(model.reference_bone_orientations)
        self._rest_matrices = self._put(model.bone_template_orientation_matrices)
        self._rest_matrices_blend = self._put(model.bone_orientation_blendshapes).flatten(1)
        self._skin = torch.from_numpy(skin_weights())

    def coefficients(self, shape: Tensor) -> Tensor:
        """(B, 6) unbounded shape, 0 the average → (B, S) of Anny's blend shapes."""
        kinds = 0.5 + SHAPE_REACH * torch.tanh(shape.to("cpu"))
        labels = self._model.phenotype_labels
        named = {label: kinds[:, i] for i, label in enumerate(labels)}
        return self._model.get_phenotype_blendshape_coefficients(**named).to(self.device)

    def settled(self, coefficients: Tensor) -> Tensor:
        """(B, A, 3, 3) turns from each bone's rest into the reference pose.

        They hardly change with the shape: no gradient goes through them.
        """
        import roma

        with torch.no_grad():
            blend = (coefficients @ self._rest_matrices_blend).unflatten(1, (-1, 3, 3))
            rest: Tensor = roma.special_procrustes(self._rest_matrices + blend)  # pyright: ignore
            return self._reference @ rest.transpose(-1, -2)

    def bones(self, turns: Tensor, coefficients: Tensor, settled: Tensor) -> Tensor:
        """Bone transforms from rest to pose, the root at the origin.

        Args:
            turns: (B, J, 3, 3) rotation of each turning bone in the axes of the reference pose,
                after those above it.
            coefficients: (B, S).
            settled: (B, A, 3, 3) of `settled`.

        Returns:
            (B, A, 3, 4).
        """
        heads = self._heads + (coefficients @ self._heads_blend).unflatten(1, (-1, 3))
        offsets = apply(settled[:, self._parents], heads - heads[:, self._parents])
        reference = self._ancestry @ offsets  # heads in the reference pose
        turn, place = self._chain(turns, reference[:, self._bones])
        away = reference - reference[:, self._bones[self._carrier]]
        turn = turn[:, self._carrier]
        place = place[:, self._carrier] + apply(turn, away)
        linear = multiply(turn, settled)
        return torch.cat([linear, (place - apply(linear, heads))[..., None]], -1)

    def _chain(self, turns: Tensor, heads: Tensor) -> tuple[Tensor, Tensor]:
        """Turns (B, J + 1, 3, 3) and places (B, J + 1, 3) of the root and the turning bones.

        Args:
            turns: (B, J, 3, 3) of each bone after those above it.
            heads: (B, J + 1, 3) in the reference pose.
        """
        linear = [torch.eye(3, device=self.device).expand(len(turns), 1, 3, 3)]
        place = [heads[:, :1]]
        offsets = heads - heads[:, self._above]
        for bones, above in self._levels[1:]:
            held = linear[-1][:, above]
            place.append(place[-1][:, above] + apply(held, offsets[:, bones]))
            linear.append(multiply(held, turns[:, bones - 1]))
        return torch.cat(linear, 1)[:, self._order], torch.cat(place, 1)[:, self._order]

    def directions(self, ends: dict[str, str]) -> Tensor:
        """(J, 3) unit vectors from turning bones' heads to others', in the reference pose.

        Args:
            ends: bone → bone; of bones that are not named, zero.
        """
        with torch.no_grad():
            coefficients = self.coefficients(torch.zeros(1, self.shapes))
            still = torch.eye(3, device=self.device).expand(1, len(self.turning), 3, 3)
            bones = self.bones(still, coefficients, self.settled(coefficients))
            heads = self.keypoints([*ends, *ends.values()]).posed(coefficients, bones)[0]
        out = torch.zeros(len(self.turning), 3, device=self.device)
        for bone, start, end in zip(ends, heads[: len(ends)], heads[len(ends) :], strict=True):
            out[self.turning.index(bone)] = functional.normalize(end - start, dim=0)
        return out

    def vertices(self, numbers: np.ndarray | None = None) -> Points:
        """Base mesh vertices as points; all N of them if no numbers are given."""
        model = self._model
        keep = torch.arange(len(self._skin)) if numbers is None else torch.as_tensor(numbers)
        return Points(
            self._put(model.template_vertices[keep]),
            self._put(model.blendshapes[:, keep]).flatten(1),
            self._put(self._skin[keep]),
        )

    def keypoints(self, labels: list[str]) -> Landmarks:
        """Landmarks by COCO names of Anny's regressor, or names of bones (their heads)."""
        import anny

        known = [x for x in labels if x not in self.names]
        regressor = anny.KeypointsRegressor.coco(self._model, labels=known)
        rows = dict(zip(known, regressor.regression_weights.float(), strict=True))
        parts = [self._one(rows[x]) if x in rows else self._head(x) for x in labels]
        share = torch.block_diag(*(p[3] for p in parts))
        rest, blend, weights = (torch.cat([p[i] for p in parts], int(i == 1)) for i in range(3))
        points = Points(self._put(rest), self._put(blend).flatten(1), self._put(weights))
        return Landmarks(points, self._put(share))

    def _one(self, row: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Points, what shapes add, bones and shares of a landmark that is a mean of vertices."""
        each = row[:, None] * self._skin  # (N, A)
        of = torch.nonzero(each.sum(0).abs() > 1e-6)[:, 0]
        share = each[:, of].sum(0)
        mean = (each[:, of] / share).T
        blend = torch.einsum("pn,snc->spc", mean, self._model.blendshapes)
        weights = functional.one_hot(of, len(self.names)).float()
        return mean @ self._model.template_vertices, blend, weights, share[None]

    def _head(self, bone: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        b = self.names.index(bone)
        weights = torch.eye(len(self.names))[b : b + 1]
        blend = self._model.bone_heads_blendshapes[:, b : b + 1]
        return self._model.template_bone_heads[b : b + 1], blend, weights, torch.ones(1, 1)

    def _put(self, values: Tensor | np.ndarray) -> Tensor:
        return torch.as_tensor(values).detach().float().to(self.device).contiguous()

    def _long(self, values: list[int]) -> Tensor:
        return torch.tensor(values, device=self.device)


def apply(linear: Tensor, vectors: Tensor) -> Tensor:
    """(…, 3, 3) times (…, 3), as a sum: far faster than small matrix products on a CPU."""
    return (linear * vectors[..., None, :]).sum(-1)


def multiply(a: Tensor, b: Tensor) -> Tensor:
    """(…, 3, 3) times (…, 3, 3), as a sum."""
    return (a[..., None] * b[..., None, :, :]).sum(-2)


def depth_levels(parents: list[int]) -> list[list[int]]:
    """Bones by their depth below the root (0), which is its own parent."""
    levels = [[0]]
    while below := [b for b in range(1, len(parents)) if parents[b] in levels[-1]]:
        levels.append(below)
    return levels


def ancestry(parents: list[int]) -> np.ndarray:
    """(A, A) 1 where the column is the row's bone or above it; the root (0) is its own parent."""
    table = np.eye(len(parents), dtype=np.float32)
    for b, parent in enumerate(parents):
        if b:
            table[b] = np.maximum(table[b], table[parent])
    return table
