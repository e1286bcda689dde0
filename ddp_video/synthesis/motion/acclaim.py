"""Acclaim motion capture, as the CMU library has it: ASF skeletons and AMC takes."""

import gzip
from pathlib import Path

import numpy as np

from ...errors import DataError
from ..body.rotations import turn
from .skeletons import Skeleton, Take, take

CMU_RATE = 120.0  # moments a second of most of the library; the files do not say


def euler(degrees: np.ndarray) -> np.ndarray:
    """ASF order XYZ: (..., 3) degrees → Rz·Ry·Rx."""
    return turn("z", degrees[..., 2]) @ turn("y", degrees[..., 1]) @ turn("x", degrees[..., 0])


def read_lines(path: Path) -> list[str]:
    """Stripped lines of a text file, gzipped or not."""
    data = path.read_bytes()
    text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return [line.strip() for line in text.decode("ascii", "replace").splitlines()]


class Acclaim:
    """An ASF skeleton.

    Args:
        path: the file.

    Raises:
        DataError: it is none.
    """

    def __init__(self, path: Path) -> None:
        lines = read_lines(path)
        self.frames: dict[str, np.ndarray] = {}  # local axes of each bone
        self.freedom: dict[str, list[str]] = {}
        ends, name = {"root": np.zeros(3)}, ""
        direction = np.zeros(3)
        for words in (line.split() for line in lines):
            if words[:1] == ["name"]:
                name = words[1]
            elif words[:1] == ["direction"]:
                direction = np.array(words[1:4], float)
            elif words[:1] == ["length"] and len(words) == 2 and name:
                ends[name] = direction * float(words[1])
            elif words[:1] == ["axis"] and len(words) == 5:
                self.frames[name] = euler(np.array(words[1:4], float))
            elif words[:1] == ["dof"]:
                self.freedom[name] = words[1:]
        start = lines.index(":hierarchy") if ":hierarchy" in lines else len(lines)
        above: dict[str, str] = {}
        for words in (line.split() for line in lines[start + 1 :]):
            if len(words) > 1:
                above.update(dict.fromkeys(words[1:], words[0]))
        if not above or above.keys() - self.frames.keys():
            raise DataError(f"{path} is no ASF skeleton; pass one of the CMU motion library")
        self.above = above
        names = ["root", *above]
        tips = [bone for bone in above if bone not in above.values()]
        parents = [-1, *(names.index(above[bone]) for bone in above)]
        parents += [names.index(bone) for bone in tips]
        offsets = [np.zeros(3), *(ends[above[bone]] for bone in above), *(ends[b] for b in tips)]
        joints = (*names, *(f"{bone}.tip" for bone in tips))
        self.skeleton = Skeleton(joints, tuple(parents), np.array(offsets))

    def rotations(self, rows: dict[str, np.ndarray]) -> np.ndarray:
        """(T, J, 3, 3) world rotations from the numbers of an AMC file."""
        world = {"root": euler(rows["root"][:, 3:])}
        for bone, parent in self.above.items():
            angles = np.zeros((len(rows["root"]), 3))
            for k, axis in enumerate(self.freedom.get(bone, [])):
                angles[:, "xyz".index(axis[1])] = rows[bone][:, k]
            local = self.frames[bone]
            world[bone] = world[parent] @ local @ euler(angles) @ local.T
        return np.stack([world[name.removesuffix(".tip")] for name in self.skeleton.names], 1)


def skeleton_beside(path: Path) -> Path:
    """The ASF file of an AMC take: `charleston1.amc.gz` has `charleston.asf`.

    Raises:
        DataError: there is none.
    """
    stem = path.name.split(".")[0]
    names = [stem, stem.rstrip("0123456789"), stem.split("_")[0]]
    found = [f for f in (path.with_name(f"{name}.asf") for name in names) if f.is_file()]
    if not found:
        raise DataError(f"{path} has no skeleton beside it; put {names[0]}.asf into the folder")
    return found[0]


def read_amc(path: Path, rate: float = CMU_RATE) -> Take:
    """Read a take; its skeleton lies beside it.

    Raises:
        DataError: one of the two cannot be used.
    """
    acclaim = Acclaim(skeleton_beside(path))
    rows: dict[str, list[list[float]]] = {}
    try:
        for words in (line.split() for line in read_lines(path)):
            if len(words) > 1 and words[0][0] not in "#:":
                rows.setdefault(words[0], []).append([float(w) for w in words[1:]])
        table = {name: np.array(values) for name, values in rows.items()}
    except ValueError as error:
        raise DataError(f"{path} is a damaged AMC file; remove it from the folder") from error
    if "root" not in table or acclaim.freedom.keys() - table.keys():
        raise DataError(f"{path} is no take of the skeleton beside it; put the right one there")
    world = acclaim.rotations(table)
    return take(acclaim.skeleton, world, table["root"][:, :3], rate, path.name)
