"""Reading clothes, shoes and hair of the MakeHuman library (CC0), and fitting them to a body.

A `.mhclo` file ties every vertex of a garment to three vertices of the base mesh and an offset, so
a garment follows every shape; its skin weights are those of the same three vertices.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from ...errors import DataError
from ..body.base_mesh import places
from ..body.body import Body, Surface, skin_weights

TEXTURE_SIDE = 512  # texels
MARGIN = 0.015  # metres inside its ends from which on a part of a garment hides the body


@dataclass(frozen=True)
class Garment:
    """What a `.mhclo` file says.

    Attributes:
        refs: (V, 3) base mesh vertices.
        shares: (V, 3) their weights.
        offsets: (V, 3) in MakeHuman's axes (x left, y up, z forwards), decimetres at scale 1.
        scales: per axis x, y, z: two base mesh vertices and their distance at scale 1.
        hidden: base mesh vertices that the garment covers.
        faces: (F, 3) triangles.
        uv: (F, 3, 2) texture coordinates.
        texture: picture file, or None where the library came without it.
    """

    refs: np.ndarray
    shares: np.ndarray
    offsets: np.ndarray
    scales: dict[str, tuple[int, int, float]]
    hidden: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    texture: Path | None

    @cached_property
    def blend(self) -> csr_matrix:
        """(V, ≤ N) sparse: what each vertex takes of the base mesh's."""
        rows = np.repeat(np.arange(len(self.refs)), 3)
        return csr_matrix((self.shares.ravel(), (rows, self.refs.ravel())))

    @cached_property
    def weights(self) -> np.ndarray:
        """(V, B) shares of the bones, those of the body below; the same on every body."""
        weights = (self.blend @ skin_weights()[: int(self.refs.max()) + 1]).clip(0)
        return (weights / weights.sum(1, keepdims=True)).astype(np.float32)

    @cached_property
    def height(self) -> np.ndarray:
        """(V,) metres, on the reference adult, of the body below."""
        return np.einsum("vk,vk->v", places().points[self.refs, 2], self.shares)

    @cached_property
    def component(self) -> np.ndarray:
        """(V,) number of the connected piece of mesh that each vertex belongs to."""
        a, b = self.faces[:, [0, 1, 1, 2]].reshape(-1, 2).T
        links = csr_matrix((np.ones(len(a)), (a, b)), (len(self.refs), len(self.refs)))
        return connected_components(links, directed=False)[1]

    def of(self, mine: np.ndarray) -> "Garment":
        """The part of it whose vertices (V,) bool are wanted; it hides what lies at its height."""
        used, faces = np.unique(self.faces[mine[self.faces].all(1)], return_inverse=True)
        low, high = np.quantile(self.height[used], [0, 1])
        z = places().points[self.hidden, 2]
        return replace(
            self,
            refs=self.refs[used],
            shares=self.shares[used],
            offsets=self.offsets[used],
            hidden=self.hidden[(z > low + MARGIN) & (z < high - MARGIN)],
            faces=faces.reshape(-1, 3),
            uv=self.uv[mine[self.faces].all(1)],
        )


def read_obj(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Triangles and their texture coordinates: (F, 3) vertex numbers from 0, (F, 3, 2)."""
    coordinates, faces, uv = [(0.0, 0.0)], [], []
    for words in (line.split() for line in path.read_text("utf-8", "replace").splitlines()):
        if words[:1] == ["vt"]:
            coordinates.append((float(words[1]), float(words[2])))
        elif words[:1] == ["f"]:
            corners = [[int(n or 0) for n in (w + "/0").split("/")[:2]] for w in words[1:]]
            for k in range(1, len(corners) - 1):
                triangle = (corners[0], corners[k], corners[k + 1])
                faces.append([c[0] - 1 for c in triangle])
                uv.append([coordinates[c[1]] for c in triangle])
    return np.array(faces), np.array(uv, np.float32)


def spans(words: list[str]) -> list[int]:
    """The numbers of "3 7 - 9" → 3, 7, 8, 9."""
    out: list[int] = []
    for k, word in enumerate(words):
        if word == "-":
            out.extend(range(out[-1] + 1, int(words[k + 1])))
        else:
            out.append(int(word))
    return out


def read_mhclo(path: Path) -> Garment:
    """Read a garment.

    Raises:
        DataError: the file is missing or is no garment.
    """
    if not path.is_file():
        raise DataError(
            f"{path} is missing; pass the folder of MakeHuman assets (clothes, hair, skins)"
        )
    files, scales, sections = sorted_lines(path)
    rows = [[float(w) for w in words] for words in sections["verts"]]
    rows = [r if len(r) == 9 else [r[0]] * 3 + [1.0] + [0.0] * 5 for r in rows]
    hidden = [n for words in sections["delete_verts"] for n in spans(words)]
    if not rows or "obj_file" not in files:
        raise DataError(f"{path} is no MakeHuman garment; pass the folder of MakeHuman assets")
    texture = texture_of(files.get("material"))
    table = np.array(rows)
    faces, uv = read_obj(files["obj_file"])
    refs, covers = table[:, :3].astype(int), np.array(hidden, int)
    return Garment(refs, table[:, 3:6], table[:, 6:], scales, covers, faces, uv, texture)


def sorted_lines(path: Path) -> tuple[dict, dict, dict[str, list[list[str]]]]:
    """A garment file's named files, its scales, and the rows of numbers of its sections."""
    files: dict[str, Path] = {}
    scales: dict[str, tuple[int, int, float]] = {}
    sections: dict[str, list[list[str]]] = {"verts": [], "delete_verts": [], "": []}
    section = ""
    for words in (line.split() for line in path.read_text("utf-8", "replace").splitlines()):
        if not words:
            continue
        if words[0] in sections:
            section = words[0]
        elif words[0].endswith("_scale"):
            scales[words[0][0]] = (int(words[1]), int(words[2]), float(words[3]))
        elif words[0] in ("obj_file", "material"):
            files[words[0]] = path.parent / words[1]
        elif words[0].isdigit():
            sections[section].append(words)
    return files, scales, sections


def texture_of(material: Path | None) -> Path | None:
    """The diffuse picture that a `.mhmat` file names, if it is there."""
    if material is None or not material.is_file():
        return None
    for words in (line.split() for line in material.read_text("utf-8", "replace").splitlines()):
        if words[:1] == ["diffuseTexture"] and (material.parent / words[1]).is_file():
            return material.parent / words[1]
    return None


def read_texture(path: Path, side: int = TEXTURE_SIDE) -> np.ndarray:
    """A picture as (side, side, 4) uint8 RGB and alpha.

    Raises:
        DataError: it cannot be read.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise DataError(f"{path} cannot be read as a picture; pass the folder of MakeHuman assets")
    code = cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGBA
    return cv2.resize(cv2.cvtColor(picture, code), (side, side), interpolation=cv2.INTER_AREA)


def shade(texture: np.ndarray, where: np.ndarray | None) -> np.ndarray:
    """(h, w, 1) brightness over the median of the cloth: folds and seams without the colour.

    Args:
        texture: (h, w, 4) uint8.
        where: (..., 2) texture coordinates of the cloth; None: all that is neither black nor clear.
    """
    grey = texture[..., :3].mean(2, keepdims=True, dtype=np.float32)
    if where is None:
        worn = grey[(grey > 25) & (texture[..., 3:] > 0)]
    else:
        h, w = texture.shape[:2]
        column, row = (where.reshape(-1, 2) % 1 * [w, h]).astype(int).T
        worn = grey[(h - 1 - row).clip(0), column.clip(0, w - 1)]
        worn = worn[worn > 25]
    return grey / max(float(np.median(worn)), 1.0) if worn.size else grey


def dye(
    texture: np.ndarray,
    colour: tuple[float, float, float] | np.ndarray,
    where: np.ndarray | None = None,
) -> np.ndarray:
    """Give the texture another colour; folds and seams stay.

    Args:
        texture: (h, w, 4) uint8.
        colour: of cloth of median brightness, 0..255; or (h, w, 3): of every texel.
        where: texture coordinates of the cloth, see `shade`.
    """
    out = texture.copy()
    out[..., :3] = (shade(texture, where) * np.asarray(colour, np.float32)).clip(0, 255)
    return out


def fit(garment: Garment, body: Body, texture: np.ndarray, gloss: float = 0.0) -> Surface:
    """Lay a garment on a body in the rest pose.

    Returns:
        The surface, skinned with the weights of the body below.
    """
    scale = np.ones(3)
    for k, axis in enumerate("xyz"):
        if axis in garment.scales:
            a, b, unit = garment.scales[axis]
            ours = {"x": 0, "y": 2, "z": 1}[axis]
            scale[k] = abs(body.vertices[a, ours] - body.vertices[b, ours]) * 10 / unit
    offset = (garment.offsets * scale / 10) @ np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    below = int(garment.refs.max()) + 1
    vertices = (garment.blend @ body.vertices[:below] + offset).astype(np.float32)
    return Surface(vertices, garment.faces, garment.uv, garment.weights, texture, gloss)


def covered(body: Body, garments: list[Garment]) -> np.ndarray:
    """(N,) bool: base mesh vertices that some garment hides."""
    hidden = np.zeros(len(body.vertices), bool)
    for garment in garments:
        hidden[garment.hidden] = True
    return hidden
