"""Fields of small whole numbers in few bytes, without loss.

Each value is predicted from its neighbours (before + above − before above), and what is left over
is deflated. All arithmetic wraps round at the number of bits. Dims: C = channels, N = cells.
"""

import zlib

import numpy as np


class Cells:
    """Cells of a grid, row by row, and which of them lies above which."""

    def __init__(self, flat_N: np.ndarray, width: int) -> None:
        """Look at the cells at these flat positions (rising) of a grid of this width."""
        self.number = len(flat_N)
        found_N = np.searchsorted(flat_N, flat_N - width)
        self._above_N = np.where(flat_N[found_N] == flat_N - width, found_N, -1)
        # downwards along the columns, which decoding sums up, and where a run of cells begins
        self._down_N = np.lexsort((flat_N // width, flat_N % width))
        self._begins_N = self._above_N[self._down_N] < 0

    def less_above(self, values_CN: np.ndarray) -> np.ndarray:
        """Each value less the one above it, where there is one."""
        above_CN = np.where(self._above_N >= 0, values_CN[:, self._above_N], 0)
        return values_CN - above_CN.astype(values_CN.dtype)

    def plus_above(self, rest_CN: np.ndarray) -> np.ndarray:
        """Undo `less_above`: sums down each run of cells."""
        down_CN = rest_CN[:, self._down_N]
        sums_CN = np.cumsum(down_CN, axis=1, dtype=rest_CN.dtype)
        before_CR = (sums_CN - down_CN)[:, self._begins_N]
        values_CN = np.empty_like(rest_CN)
        values_CN[:, self._down_N] = sums_CN - before_CR[:, np.cumsum(self._begins_N) - 1]
        return values_CN


def pack(values_CN: np.ndarray, cells: Cells) -> bytes:
    """Unsigned numbers of 8 or 16 bits as bytes that carry a checksum of their own."""
    steps_CN = np.diff(values_CN, axis=1, prepend=np.zeros((len(values_CN), 1), values_CN.dtype))
    planes = _planes(cells.less_above(steps_CN))
    deflate = zlib.compressobj(6, zlib.DEFLATED, 15, 9, zlib.Z_FILTERED)
    return deflate.compress(planes) + deflate.flush()


def unpack(
    packed: bytes, channels: int, cells: Cells, dtype: type[np.unsignedinteger]
) -> np.ndarray:
    """What `pack` was given, (C, N).

    Raises:
        ValueError: the bytes are damaged, or stand for another number of values.
    """
    try:
        planes = zlib.decompress(packed)
    except zlib.error as error:
        raise ValueError("its checksum does not match") from error
    size = np.dtype(dtype).itemsize
    if len(planes) != channels * cells.number * size:
        raise ValueError(f"{len(planes)} bytes for {channels} × {cells.number} values")
    rest_CN = _from_planes(planes, size).reshape(channels, cells.number)
    return np.cumsum(cells.plus_above(rest_CN), axis=1, dtype=dtype)


def _planes(rest: np.ndarray) -> bytes:
    """Small magnitudes first (0, −1, 1, −2 …), all low bytes before all high bytes."""
    bits = 8 * rest.itemsize
    signed = rest.astype(f"<i{rest.itemsize}")
    folded = (signed << 1) ^ (signed >> (bits - 1))
    return folded.reshape(-1, 1).view(np.uint8).T.tobytes()


def _from_planes(planes: bytes, size: int) -> np.ndarray:
    stacked = np.frombuffer(planes, np.uint8).reshape(size, -1).T
    folded = np.ascontiguousarray(stacked).view(f"<u{size}").reshape(-1)
    return (folded >> 1) ^ -(folded & 1)
