"""A human body: Anny's shape, skeleton and skin weights.

Dims: N = base mesh vertices (19,158, MakeHuman's numbering with its helper geometry),
F = triangles, B = bones, T = moments in time. Anny's frame: metres, x to the body's left,
y backwards, z up, root between the hips.
"""

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from ...errors import InputError

# Years of age by Anny's number, and how common people of an age are: from, to, share.
AGES = ((0, 0.05, 0.215, 0.415, 0.67, 0.77, 0.83, 1), (0, 1, 4, 11, 16, 18, 64, 110))
GENERATIONS = ((1.2, 4, 0.05), (4, 12, 0.13), (12, 18, 0.1), (18, 60, 0.57), (60, 90, 0.15))
PROBED = 5  # every so many-th vertex of the skin tells how low a body reaches (to 2 mm)


@cache
def anny_model() -> Any:  # noqa: ANN401  (anny is optional, so its type cannot be named)
    """Anny with the whole base mesh, in float32; loading takes 5 to 30 seconds.

    Raises:
        InputError: anny is not installed.
    """
    try:
        import anny
    except ImportError as error:
        raise InputError(
            "rendering people needs anny and warp: pip install 'ddp-video[synth]'"
        ) from error
    return anny.Anny(topology="anny-full").float()


@cache
def skin_weights() -> np.ndarray:
    """(N, B) share of each bone in each vertex of the base mesh; the same for all bodies."""
    model = anny_model()
    share, index = model.vertex_bone_weights.numpy(), model.vertex_bone_indices.numpy()
    dense = np.zeros((len(share), len(model.bone_labels)), np.float32)
    np.add.at(dense, (np.arange(len(dense))[:, None], index), share)
    return dense


@cache
def skin_layout() -> tuple[np.ndarray, np.ndarray]:
    """The skin's (F, 3) triangles and (F, 3, 2) texture coordinates; the same for all bodies."""
    model = anny_model()
    corners = model.face_texture_coordinate_indices.numpy()
    return model.faces.numpy(), model.texture_coordinates.numpy()[corners]


@cache
def skeleton_chain() -> np.ndarray:
    """(B, B): 1 where the second bone is the first or one of those that carry it."""
    parents = anny_model().bone_parents
    chain = np.eye(len(parents))
    for bone, parent in enumerate(parents):  # parents come first
        if parent >= 0:
            chain[bone] += chain[int(parent)]
    return chain


@cache
def probe() -> tuple[np.ndarray, csr_matrix]:
    """Vertices of the skin that tell how low a body reaches, and their skin weights."""
    vertices = np.unique(skin_layout()[0])[::PROBED]
    return vertices, csr_matrix(skin_weights()[vertices])


@cache
def joint_regressor() -> tuple[tuple[str, ...], csr_matrix]:
    """The joints' names, and (J·B, N): what each vertex gives to each joint by way of each bone."""
    from anny.keypoints import KeypointsRegressor

    regressor = KeypointsRegressor.coco(anny_model())
    shares, skin = regressor.regression_weights.numpy(), skin_weights()
    joint, vertex = np.nonzero(shares)
    row, bone = np.nonzero(skin[vertex])
    values = shares[joint, vertex][row] * skin[vertex[row], bone]
    place = joint[row] * skin.shape[1] + bone, vertex[row]
    size = (len(shares) * skin.shape[1], skin.shape[0])
    return tuple(regressor.labels), csr_matrix((values, place), size)


@dataclass(frozen=True)
class Surface:
    """A textured triangle mesh in the rest pose, bound to the skeleton.

    Attributes:
        vertices: (V, 3) metres.
        faces: (F, 3) vertex numbers.
        uv: (F, 3, 2) texture coordinates of the corners, origin at the lower left.
        weights: (V, B) share of each bone in each vertex, rows sum to 1.
        texture: (h, w, 4) uint8, sRGB and alpha.
        gloss: strength of the highlight, 0..1.
        anchors: (V, 3) points of the rest pose at which labels are looked up; the vertices if None.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    weights: np.ndarray
    texture: np.ndarray
    gloss: float = 0.0
    anchors: np.ndarray | None = None

    def without(self, hidden: np.ndarray) -> "Surface":
        """The surface without the faces that touch a hidden vertex; unused vertices go too.

        Args:
            hidden: (V,) bool.
        """
        keep = ~hidden[self.faces].any(1)
        used, faces = np.unique(self.faces[keep], return_inverse=True)
        return replace(
            self,
            vertices=self.vertices[used],
            faces=faces.reshape(-1, 3),
            uv=self.uv[keep],
            weights=self.weights[used],
            anchors=None if self.anchors is None else self.anchors[used],
        )


class Body:
    """One person's naked body in the rest pose.

    Args:
        kinds: Anny's phenotype, e.g. {"gender": 0.0, "age": 0.6}; 0..1 each, the rest is 0.5.
    """

    def __init__(self, kinds: dict[str, float]) -> None:
        import torch

        model = anny_model()
        with torch.no_grad():
            shape = {kind: torch.tensor([share]) for kind, share in kinds.items()}
            rest = model.get_rest_model(model.get_phenotype_blendshape_coefficients(**shape))
        self.kinds = dict(kinds)
        self.vertices: np.ndarray = rest["rest_vertices"][0].numpy()
        self.heads: np.ndarray = rest["rest_bone_heads"][0].numpy()
        self.bones: tuple[str, ...] = tuple(model.bone_labels)
        self.parents: tuple[int, ...] = tuple(int(p) for p in model.bone_parents)
        self.faces, self.uv = skin_layout()
        self.weights = skin_weights()

    def head(self, bone: str) -> np.ndarray:
        """(3,) where a bone begins in the rest pose."""
        return self.heads[self.bones.index(bone)]

    @cached_property
    def height(self) -> float:
        """Metres from sole to crown, standing."""
        return float(np.ptp(self.vertices[probe()[0], 2]))

    def lowest(self, transforms: np.ndarray) -> np.ndarray:
        """(T,) height of the lowest point of the skin."""
        vertices, weights = probe()
        rows = transforms[:, :, 2].transpose(1, 2, 0).reshape(len(self.bones), -1)  # what gives z
        blend = (weights @ rows).reshape(len(vertices), 4, -1)
        points = self.vertices[vertices]
        return (np.einsum("vit,vi->vt", blend[:, :3], points) + blend[:, 3]).min(0)

    @cached_property
    def rest_joints(self) -> np.ndarray:
        """(J, B, 4): the joints are sums over bones of transforms times these."""
        names, spread = joint_regressor()
        points = np.concatenate([self.vertices, np.ones((len(self.vertices), 1))], 1)
        return (spread @ points).reshape(len(names), len(self.bones), 4)

    @property
    def years(self) -> float:
        """Age in years."""
        return float(np.interp(self.kinds.get("age", 0.5), *AGES))

    @property
    def joint_names(self) -> tuple[str, ...]:
        """The 17 joints of COCO, then both sides' big toe, small toe and heel."""
        return joint_regressor()[0]

    def joints(self, transforms: np.ndarray) -> np.ndarray:
        """Where the joints of `joint_names` are: (..., B, 3, 4) → (..., J, 3)."""
        return np.einsum("...bij,kbj->...ki", transforms, self.rest_joints)

    def skin(self, texture: np.ndarray, gloss: float = 0.12) -> Surface:
        """The body's own surface in the given skin texture (MakeHuman's layout)."""
        return Surface(self.vertices, self.faces, self.uv, self.weights, texture, gloss)

    def transforms(self, turns: dict[str, np.ndarray], root: np.ndarray) -> np.ndarray:
        """Bone transforms rest → posed, by forward kinematics.

        Args:
            turns: bone → (T, 3, 3) world rotation away from the rest pose; a bone that is not named
                turns with its parent.
            root: (T, 3) how far the root bone (between the hips) is moved.

        Returns:
            (T, B, 3, 4).
        """
        turned = np.empty((len(root), len(self.bones), 3, 3))
        for b, (name, parent) in enumerate(zip(self.bones, self.parents, strict=True)):
            turned[:, b] = turns.get(name, turned[:, parent] if parent >= 0 else np.eye(3))
        above, chain = np.maximum(self.parents, 0), skeleton_chain()
        steps = np.einsum("tbij,bj->tbi", turned[:, above], self.heads - self.heads[above])
        places = chain @ steps + (root + self.heads[0])[:, None]
        shifts = places - np.einsum("tbij,bj->tbi", turned, self.heads)
        return np.concatenate([turned, shifts[..., None]], -1)


def pose(vertices: np.ndarray, weights: np.ndarray, transforms: np.ndarray) -> np.ndarray:
    """Linear blend skinning of (V, 3) vertices by (B, 3, 4) transforms → (V, 3)."""
    blend = (weights @ transforms.reshape(len(transforms), 12).astype(np.float32)).reshape(-1, 3, 4)
    return np.einsum("vij,vj->vi", blend[:, :, :3], vertices) + blend[:, :, 3]


@cache
def height_distributions() -> dict[str, Any]:
    """Anny's distributions of its height number given age, after WHO's tables, by sex."""
    from anny.shape_distribution import SimpleShapeDistribution

    shapes = SimpleShapeDistribution(anny_model())
    return {
        "male": shapes.boys_conditional_height_distribution,
        "female": shapes.girls_conditional_height_distribution,
    }


def sampled_body(rng: np.random.Generator) -> Body:
    """A believable body, from toddlers to elders."""
    import torch

    lows, highs, shares = zip(*GENERATIONS, strict=True)
    generation = int(rng.choice(len(shares), p=shares))
    years = float(rng.uniform(lows[generation], highs[generation]))
    age = float(np.interp(years, AGES[1], AGES[0]))
    female = bool(rng.random() < 0.5)
    heights = height_distributions()["female" if female else "male"]
    alpha, beta = (float(p) for p in heights.get_distribution_params(torch.tensor([age])))
    strength = 0.5 - 0.2 * max(years - 60, 0) / 30 - 0.1 * (years < 12)
    kinds = {
        "gender": float(rng.beta(1, 7)) if not female else 1 - float(rng.beta(1, 7)),
        "age": age,
        "height": float(rng.beta(alpha, beta)),
        "weight": float(rng.beta(2.6, 2.4)),
        "muscle": float(rng.beta(5 * strength, 5 * (1 - strength))),
        "proportions": float(rng.beta(1.6, 1.6)),
    }
    return Body(kinds)
