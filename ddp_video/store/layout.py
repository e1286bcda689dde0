"""The files of a store, and the two that are JSON: header and index.

header.json         what was inferred from which source, and how; written first
000000.safetensors  16 frames, and so on; the last one may have fewer
index.json          times and people of all frames; written last, so the store is whole
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..atomic import beside
from ..errors import OutputError, PredictionsError

SUFFIX = ".ddp"
FORMAT, VERSION = "ddp-video predictions", 1
HEADER, INDEX, LOCK = "header.json", "index.json", ".lock"
CHUNK_FRAMES = 16
# What must be the same for predictions to belong together; versions of libraries need not.
IDENTITY = ("source", "span", "made", "chunk_frames")

Facts = Mapping[str, Any]


def is_store(path: Path) -> bool:
    """Whether a path is a folder of stored predictions."""
    return path.is_dir() and (path.suffix == SUFFIX or (path / HEADER).is_file())


def chunk_path(store: Path, number: int) -> Path:
    """The file of a chunk."""
    return store / f"{number:06d}.safetensors"


def chunk_paths(store: Path) -> list[Path]:
    """The chunks that are there."""
    return sorted(store.glob("[0-9]" * 6 + ".safetensors"))


def job_of(header: Facts) -> str:
    """Names what was computed from which content: predictions of one job fit together."""
    identity = {key: header[key] for key in IDENTITY}
    identity["source"] = {**identity["source"], "path": ""}
    return hashlib.sha256(_canonical(identity)).hexdigest()[:16]


def new_header(
    source: Facts, span: Facts, made: Facts, versions: Facts, chunk_frames: int = CHUNK_FRAMES
) -> dict[str, Any]:
    """The header of a new store, as it will be read again.

    Args:
        source: `path`, `sha256`, `time_base`, `start_time` and what else is known of it.
        span: `start` and `end` of what is inferred, seconds as text, or None.
        made: weights, inference and settings; `smoothing` with its `radius`, or None.
        versions: of the packages that compute.
        chunk_frames: frames of a chunk.
    """
    header = {"format": FORMAT, "version": VERSION, "source": source, "span": span, "made": made}
    header |= {"chunk_frames": chunk_frames, "versions": versions}
    return json.loads(json.dumps(header))


def read_header(store: Path) -> dict[str, Any]:
    """The header of a store.

    Raises:
        PredictionsError: no store, of a newer version, or damaged.
    """
    path = store / HEADER
    if not path.is_file():
        raise PredictionsError(
            f"{store} holds no stored predictions (no {HEADER}): make them with `ddp-video infer`"
        )
    content = _read(path)
    if content.get("format") != FORMAT:
        raise PredictionsError(f"{store} is no store of predictions: choose another one")
    if content.get("version") != VERSION:
        raise PredictionsError(
            f"{store} is of format version {content.get('version')}, this ddp-video reads "
            f"version {VERSION}: install a newer ddp-video"
        )
    return _unsealed(content, path)


def read_index(store: Path) -> dict[str, Any]:
    """The index of a store.

    Raises:
        PredictionsError: it is not there yet, or damaged.
    """
    path = store / INDEX
    if not path.is_file():
        raise PredictionsError(
            f"{store} is not finished: give the command that made it again, and it goes on"
        )
    return _unsealed(_read(path), path)


def write_sealed(path: Path, content: Facts) -> None:
    """Write JSON with a checksum of itself."""
    sealed = {**content, "sha256": hashlib.sha256(_canonical(content)).hexdigest()}
    write_whole(path, _encoded(sealed, indent=1) + b"\n")


def write_whole(path: Path, data: bytes) -> None:
    """Write beside, onto the disk, and rename."""
    with writing(path), beside(path) as part, part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        file.close()  # an open file cannot be renamed on every system


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says about a file of the store into an OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror}): choose another place with -o, or "
            "free some space; what is finished is kept, and the same command goes on from there"
        ) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise PredictionsError(
            f"{path} cannot be read ({error.strerror}): check its permissions"
        ) from error
    except ValueError as error:
        raise _damaged(path) from error
    if not isinstance(content, dict):
        raise _damaged(path)
    return content


def _unsealed(content: dict[str, Any], path: Path) -> dict[str, Any]:
    seal = content.pop("sha256", None)
    if seal != hashlib.sha256(_canonical(content)).hexdigest():
        raise _damaged(path)
    return content


def _damaged(path: Path) -> PredictionsError:
    advice = (
        "give the command that made the store again, only this file is made anew"
        if path.name == INDEX
        else "copy the store again, or make it anew with --overwrite"
    )
    return PredictionsError(f"{path} is damaged: {advice}")


def _canonical(content: Facts) -> bytes:
    return _encoded(content, sort_keys=True)


def _encoded(content: Facts, **form: Any) -> bytes:  # noqa: ANN401 (options of json.dumps)
    """UTF-8; file names that are none pass, as `json.loads` takes them back."""
    return json.dumps(content, ensure_ascii=False, **form).encode("utf-8", "surrogatepass")
