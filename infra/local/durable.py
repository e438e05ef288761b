"""Files that are whole or absent, and a lock between processes that dies with its holder."""

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.errors import LocalStackError

_POLL_SECONDS = 0.1


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace `path` with `data` in one step: a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _try_lock(path: Path) -> int | None:
    """Lock the file that `path` names now; None when another process holds it or has just removed it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A holder may remove the directory: a lock on a file that no path names any more protects nothing.
        if os.fstat(handle).st_ino == os.stat(path).st_ino:
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(handle)
    return None


@contextmanager
def exclusive(
    path: Path, *, wait_seconds: float, on_wait: Callable[[], None] | None = None
) -> Iterator[None]:
    """Hold the lock file `path`, waiting for another holder; the kernel frees it when the holder dies.

    Raises LocalStackError when another process still holds it after `wait_seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_seconds
    handle = _try_lock(path)
    if handle is None and on_wait is not None:
        on_wait()
    while handle is None:
        if time.monotonic() > deadline:
            raise LocalStackError(
                f"another command has held {path} for {wait_seconds:.0f} s; "
                "wait until it ends, or stop it, then run this again"
            )
        time.sleep(_POLL_SECONDS)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = _try_lock(path)
    try:
        yield
    finally:
        os.close(handle)
