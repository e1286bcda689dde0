"""One chunk: some consecutive frames in a safetensors file that checks itself.

Tensors of a chunk of n frames with P people in all; blobs (uint8) hold what `field.pack` gave:

    pts, duration     int64 (n)       in units of the time base; duration −1 where unknown
    people            int32 (n)       people in each frame
    boxes, scores     float32 (P, 4), (P)
    numbers           int32 (P)       who it is through the film, from 1; 0 where nobody told
    mask_boxes        int32 (P, 4)    x0, y0, x1, y1: the cells outside which both masks are 0
    <i>.owner         blob of (1, h·w) uint16: 0 nothing computed, k person k − 1
    <i>.parts.<k>     blob of (25, N) uint16: levels of the cells of owner k
    <i>.uv.<k>        blob of (48, N) uint16
    <i>.masks.<k>     blob of (2, cells of the mask box) uint8: M_ins, M_dp of person k − 1

The metadata's one entry `ddp` is JSON: the job, the position of the first frame, size and grid, and
sha256 of all tensors and of the tables alone: who reads single blobs can check the tables.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..types import PARTS, Frame
from . import field
from .quantise import UV_CHANNELS, Quantised, cells_of

_TABLES = ("boxes", "duration", "mask_boxes", "numbers", "people", "pts", "scores")
_METADATA = "ddp"

Arrays = dict[str, np.ndarray]


class DamagedChunk(Exception):
    """A chunk that is missing, cut off or changed."""


class _File(Protocol):
    """What safetensors gives to read from."""

    def keys(self) -> Iterable[str]: ...
    def get_tensor(self, name: str) -> np.ndarray: ...


def encoded(job: str, first: int, frames: Sequence[tuple[Frame, Quantised]]) -> bytes:
    """The bytes of a chunk; the same input gives the same bytes.

    Args:
        job: of the store that it belongs to.
        first: position of its first frame.
        frames: frames and their predictions, all of one size and grid.
    """
    stored = [each for _, each in frames]
    masks = [mask for each in stored for mask in each.masks]
    arrays: Arrays = {
        "pts": np.array([frame.pts for frame, _ in frames], np.int64),
        "duration": np.array([_duration(frame) for frame, _ in frames], np.int64),
        "people": np.array([len(each.scores) for each in stored], np.int32),
        "boxes": np.concatenate([each.boxes for each in stored]),
        "scores": np.concatenate([each.scores for each in stored]),
        "numbers": np.concatenate([each.numbers for each in stored]),
        "mask_boxes": np.array([_bounds(mask) for mask in masks], np.int32).reshape(-1, 4),
    }
    for position, each in enumerate(stored):
        blobs = {f"{position}.{name}": blob for name, blob in _blobs(each).items()}
        arrays |= {name: np.frombuffer(blob, np.uint8) for name, blob in blobs.items()}
    facts = {
        "job": job,
        "first": first,
        "size": stored[0].size,
        "grid": stored[0].owner.shape,
        "tables": _digest({name: arrays[name] for name in _TABLES}, job, first),
        "sha256": _digest(arrays, job, first),
    }
    return save(arrays, {_METADATA: json.dumps(facts)})


@dataclass(frozen=True)
class Chunk:
    """A chunk on the disk; a blob is read when it is asked for.

    Attributes:
        path: the file.
        facts: its metadata.
        tables: the arrays that are no blobs.
    """

    path: Path
    facts: Mapping[str, Any]
    tables: Arrays
    _file: _File

    @classmethod
    def open(cls, path: Path, job: str, first: int) -> Self:
        """Read the tables.

        Raises:
            DamagedChunk: it is missing, damaged, or belongs elsewhere.
        """
        try:
            file = safe_open(path, framework="numpy")
            facts = json.loads(file.metadata()[_METADATA])
            tables = {name: file.get_tensor(name) for name in _TABLES}
            belongs = (facts["job"], facts["first"]) == (job, first)
            whole = facts["tables"] == _digest(tables, job, first)
        except (SafetensorError, OSError, ValueError, LookupError, TypeError) as error:
            raise DamagedChunk(path.name) from error
        if not (belongs and whole):
            raise DamagedChunk(path.name)
        return cls(path, facts, tables, file)

    def verify(self) -> Self:
        """Read everything and compare it with its checksum.

        Raises:
            DamagedChunk: it is damaged.
        """
        try:
            arrays = {name: self._file.get_tensor(name) for name in self._file.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise DamagedChunk(self.path.name) from error
        if _digest(arrays, self.facts["job"], self.facts["first"]) != self.facts["sha256"]:
            raise DamagedChunk(self.path.name)
        return self

    def __len__(self) -> int:
        return len(self.tables["pts"])

    @property
    def grid(self) -> tuple[int, int]:
        """(h, w) of the logit grid."""
        h, w = self.facts["grid"]
        return h, w

    @cached_property
    def _first_person(self) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(self.tables["people"])])

    def of_frame(self, position: int, table: str) -> np.ndarray:
        """The rows of a table of people that belong to one frame."""
        first, end = self._first_person[position : position + 2]
        return self.tables[table][first:end]

    def owner(self, position: int) -> np.ndarray:
        """(h, w) uint16: whose each cell is."""
        h, w = self.grid
        return self._field(f"{position}.owner", 1, _rectangle(h, w), np.uint16).reshape(h, w)

    def levels(
        self, position: int, owner_hw: np.ndarray, owners: Iterable[int]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The cells of some owners: flat positions (N,), part levels (25, N), U and V (48, N)."""
        flat = [np.zeros(0, np.intp)]
        parts = [np.zeros((PARTS, 0), np.uint16)]
        uv = [np.zeros((UV_CHANNELS, 0), np.uint16)]
        for k in owners:
            flat.append(np.flatnonzero(owner_hw == k))
            cells = field.Cells(flat[-1], self.grid[1])
            parts.append(self._field(f"{position}.parts.{k}", PARTS, cells, np.uint16))
            uv.append(self._field(f"{position}.uv.{k}", UV_CHANNELS, cells, np.uint16))
        return np.concatenate(flat), np.concatenate(parts, 1), np.concatenate(uv, 1)

    def masks(self, position: int, person: int) -> np.ndarray:
        """(2, h, w) uint8 levels of one person's masks."""
        x0, y0, x1, y1 = self.of_frame(position, "mask_boxes")[person]
        cells = _rectangle(int(y1 - y0), int(x1 - x0))
        levels = self._field(f"{position}.masks.{person + 1}", 2, cells, np.uint8)
        masks_2hw = np.zeros((2, *self.grid), np.uint8)
        masks_2hw[:, y0:y1, x0:x1] = levels.reshape(2, y1 - y0, x1 - x0)
        return masks_2hw

    def frame(self, position: int) -> Quantised:
        """Everything of one frame."""
        owner = self.owner(position)
        _, parts, uv = self.levels(position, owner, owners_in(owner))
        people = int(self.tables["people"][position])
        masks = [self.masks(position, person) for person in range(people)]
        return Quantised(
            size=tuple(self.facts["size"]),
            owner=owner,
            parts=parts,
            uv=uv,
            boxes=self.of_frame(position, "boxes"),
            scores=self.of_frame(position, "scores"),
            numbers=self.of_frame(position, "numbers"),
            masks=np.array(masks, np.uint8).reshape(-1, 2, *self.grid),
        )

    def _field(
        self, name: str, channels: int, cells: field.Cells, dtype: type[np.unsignedinteger]
    ) -> np.ndarray:
        try:
            return field.unpack(self._file.get_tensor(name).tobytes(), channels, cells, dtype)
        except (SafetensorError, ValueError) as error:
            raise DamagedChunk(self.path.name) from error


def owners_in(owner_hw: np.ndarray) -> list[int]:
    """Who owns cells, in rising order."""
    return [int(k) for k in np.unique(owner_hw) if k]


def _blobs(stored: Quantised) -> dict[str, bytes]:
    h, w = stored.owner.shape
    blobs = {"owner": field.pack(stored.owner.reshape(1, -1), _rectangle(h, w))}
    flat_N = cells_of(stored.owner)
    owner_N = stored.owner.reshape(-1)[flat_N]
    for k in owners_in(stored.owner):
        mine = owner_N == k
        cells = field.Cells(flat_N[mine], w)
        blobs[f"parts.{k}"] = field.pack(stored.parts[:, mine], cells)
        blobs[f"uv.{k}"] = field.pack(stored.uv[:, mine], cells)
    for k, mask in enumerate(stored.masks, 1):
        x0, y0, x1, y1 = _bounds(mask)
        cut = mask[:, y0:y1, x0:x1].reshape(2, -1)
        blobs[f"masks.{k}"] = field.pack(cut, _rectangle(y1 - y0, x1 - x0))
    return blobs


def _bounds(mask_2hw: np.ndarray) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of what is not 0."""
    rows, columns = (np.flatnonzero(mask_2hw.any(axis=axes)) for axes in ((0, 2), (0, 1)))
    if rows.size == 0:
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


@lru_cache(maxsize=64)
def _rectangle(height: int, width: int) -> field.Cells:
    return field.Cells(np.arange(height * width), max(width, 1))


def _duration(frame: Frame) -> int:
    return -1 if frame.duration is None else frame.duration


def _digest(arrays: Mapping[str, np.ndarray], job: str, first: int) -> str:
    """sha256 of names, types, shapes and values, and of where they belong."""
    digest = hashlib.sha256(f"{job} {first}".encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
