"""What a refusal of the domain becomes on the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.errors import Invalid, LightrailError, Unavailable
from infra.cli.console import CommandFailed


@contextmanager
def told() -> Iterator[None]:
    """Turn a refusal into lines for a person, every fault at once."""
    try:
        yield
    except Invalid as error:
        texts = [text for texts in error.faults.values() for text in texts]
        raise CommandFailed("\n".join(texts)) from error
    except Unavailable as error:
        raise CommandFailed(f"{error}{f' ({error.reason})' if error.reason else ''}") from error
    except LightrailError as error:
        raise CommandFailed(str(error)) from error
