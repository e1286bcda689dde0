"""Files and folders there whole or not at all: written beside their place, then renamed."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def temporary(path: Path) -> Path:
    """A hidden name in the same folder, new at every call; the suffix stays, for it says the form.

    Args:
        path: the file that is to be written.
    """
    token = f"{os.getpid()}-{secrets.token_hex(4)}"
    return path.with_name(f".{path.stem[:64]}.{token}.part{path.suffix}")


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Write a file under a temporary name; it gets its own, or is removed if anything fails.

    Args:
        path: the file that is to be written; one that exists is replaced. Its folder exists.

    Yields:
        The name to write to.

    Raises:
        OSError: it cannot be renamed.
    """
    part = temporary(path)
    try:
        yield part
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Fill a folder under a temporary name; it gets its own, or is removed if anything fails.

    Args:
        path: the folder that is to be made; one that exists is replaced. Its parent is made.

    Yields:
        The folder to write into.

    Raises:
        OSError: it cannot be made or renamed.
    """
    part, old = temporary(path), temporary(path)
    part.mkdir(parents=True)
    try:
        yield part
        if path.exists():
            path.rename(old)
        try:
            part.rename(path)
        except BaseException:
            if old.exists() and not path.exists():
                old.rename(path)
            raise
    finally:
        for leftover in (part, old):
            shutil.rmtree(leftover, ignore_errors=True)
