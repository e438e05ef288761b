"""Files that come by a link: whole, verified, and in their place in one step."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from infra.cli.api import Api, LinkRefused
from infra.cli.console import CommandFailed

if TYPE_CHECKING:
    from infra.local.progress import Task

_ATTEMPTS = 4


def download(
    api: Api, link: Callable[[], str | None], path: Path, size: int, sha256: str, task: "Task"
) -> None:
    """Write what a link leads to to `path`; what is there already stays until all of it came and is right.

    `link` is asked for each try: an old one may have expired. Raises CommandFailed.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        for attempt in range(1, _ATTEMPTS + 1):
            failed = _try(api, link(), part, size, sha256, task)
            if failed is None:
                os.replace(part, path)
                return
            if attempt == _ATTEMPTS:
                raise CommandFailed(f"{path} was not written: {failed}")
            api.clock.sleep(2.0**attempt)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def _try(api: Api, url: str | None, part: Path, size: int, sha256: str, task: "Task") -> str | None:
    """Why this try came to nothing; None: the file is there. Raises `OSError` where this machine is at fault."""
    if url is None:
        raise CommandFailed(f"{part.name} is kept no longer; order the export again")
    digest, done = hashlib.sha256(), 0
    with part.open("wb") as file:
        chunks = _received(api.fetch(url))
        for chunk in chunks:
            if isinstance(chunk, str):
                return chunk
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            task.update(f"{done / 1e6:.0f} of {size / 1e6:.0f} MB")
            task.advance(done, size)
        file.flush()
        os.fsync(file.fileno())
    if done != size:
        return f"{done} of {size} bytes came"
    if digest.hexdigest() != sha256:
        return f"its SHA-256 is {digest.hexdigest()}, and should be {sha256}"
    return None


def _received(chunks: Iterator[bytes]) -> Iterator[bytes | str]:
    """The chunks, and last a text where the network fails: errors of the disk go another way."""
    try:
        yield from chunks
    except LinkRefused as error:
        yield str(error)
    except OSError as error:
        yield f"the download broke off ({error})"
