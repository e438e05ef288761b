"""The connection to OpenSearch: opensearch-py's transport, signed on AWS, repeating nothing."""

import logging
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

PART = "The article store"
REQUEST_SECONDS = 10.0


class Transport(Protocol):
    """What is used of `opensearchpy.Transport`: one request, its body as it is, the JSON of its answer."""

    def perform_request(self, method: str, url: str, *, body: bytes | None = None) -> Any:
        """Raises `opensearchpy.exceptions.TransportError` for all but an answer of 2xx."""
        ...


def connect(
    url: str, *, signed: bool, timeout: float = REQUEST_SECONDS, most_bytes: int | None = None
) -> Transport:
    """Makes the connection of this process; imports opensearch-py (and boto3, to sign requests).

    It repeats nothing: what is safe to repeat is known to the caller alone. With `most_bytes` a larger answer is given
    up while it is read: a `ConnectionError` whose `info` is `AnswerTooLarge`.
    """
    from opensearchpy.connection import Urllib3HttpConnection
    from opensearchpy.transport import Transport as OpenSearchTransport

    connection_class = Urllib3HttpConnection
    if most_bytes is not None:
        from chalicelib.adapters.bounded_connection import bounded_connection

        connection_class = bounded_connection(most_bytes)

    # It would log each failed request; what became of a request is told by outcomes and errors.
    logging.getLogger("opensearch").setLevel(logging.CRITICAL)
    parts = urlsplit(url)
    host = {
        "host": parts.hostname,
        "port": parts.port or (443 if parts.scheme == "https" else 80),
        "use_ssl": parts.scheme == "https",
        "url_prefix": parts.path.rstrip("/"),
    }
    transport: Transport = OpenSearchTransport(
        [host],
        connection_class=connection_class,
        max_retries=0,
        timeout=timeout,
        http_auth=_signer() if signed else None,
    )
    return transport


def _signer() -> Callable[..., dict[str, str]]:
    import boto3
    from opensearchpy.helpers.signer import Urllib3AWSV4SignerAuth

    session = boto3.Session()
    signer: Callable[..., dict[str, str]] = Urllib3AWSV4SignerAuth(
        session.get_credentials(), session.region_name, "es"
    )
    return signer


def failure_reason(error: Exception) -> str:
    """Why a request failed: the type and status of the error and, if the engine answered, its word for it."""
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return type(error).__name__  # its text may hold addresses
    return f"{type(error).__name__} {status} {getattr(error, 'error', '')}"[:300]
