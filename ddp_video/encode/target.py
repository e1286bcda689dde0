"""The file that is to be written: may it be, and what went wrong."""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from av.error import FFmpegError

from ..errors import OutputError

_DENIED = "no permission to write there: choose another folder with -o"
_NO_FOLDER = "a part of its path is a file, not a folder: choose another folder with -o"
_IS_FOLDER = "a folder has this name: choose another name with -o"
_ADVICE = {
    errno.ENOSPC: "no space left: free some, or choose another folder with -o",
    errno.EFBIG: "the file grows larger than allowed here: choose another folder with -o",
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EROFS: "the folder is read-only: choose another one with -o",
    errno.ENOTDIR: _NO_FOLDER,
    errno.EEXIST: _NO_FOLDER,
    errno.EISDIR: _IS_FOLDER,
    errno.ENAMETOOLONG: "the name is too long: choose a shorter one with -o",
}


def check_output(path: Path, sources: Iterable[Path] = (), overwrite: bool = False) -> None:
    """Refuse a target before any work is done for it.

    Args:
        path: what is to be written.
        sources: what is read, and never overwritten.
        overwrite: whether another existing file may be replaced.

    Raises:
        OutputError: the target is one of the sources, a folder, or exists already.
    """
    for source in sources:
        same = path.exists() and source.exists() and path.samefile(source)
        if same or path.resolve() == source.resolve():
            raise OutputError(f"{path}: this is the input itself: choose another folder with -o")
    if path.is_dir():
        raise OutputError(f"{path}: {_IS_FOLDER}")
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: exists: add --overwrite, or choose another folder with -o")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system or FFmpeg says about a target into an OutputError."""
    try:
        yield
    except (OSError, FFmpegError, ValueError) as error:
        advice = _ADVICE.get(getattr(error, "errno", None) or 0)
        if advice is None:
            reason = getattr(error, "strerror", None) or str(error)
            advice = f"cannot be written ({reason}): check its name and folder"
        raise OutputError(f"{path}: {advice}") from error
