"""What an AWS call that does not succeed means to the domain, and how long a call may take."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.exceptions import ClientError

CONNECT_SECONDS = 2.0
ATTEMPTS = 3


def bounded(read_seconds: float) -> "Config":
    """Limits on time and attempts, for calls that may safely be repeated."""
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )


@contextmanager
def answered(part: str) -> Iterator[None]:
    """Turns every error of a client into `Unavailable`, which names the error's kind and nothing else.

    A call that botocore finds wrong before it is made is a bug of ours, and raised.
    """
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ParamValidationError

    try:
        yield
    except ParamValidationError:
        raise
    except ClientError as error:
        raise Unavailable(part, code_of(error)) from error
    except (BotoCoreError, HTTPClientError) as error:
        raise Unavailable(part, type(error).__name__) from error


def code_of(error: "ClientError") -> str:
    """The code in an AWS error, such as `NoSuchKey`."""
    return str(error.response.get("Error", {}).get("Code", "ClientError"))
