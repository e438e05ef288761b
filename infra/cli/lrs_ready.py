"""The ready clients of a local stack's record store: shown, and tried with a statement."""

import base64
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from infra.cli.console import CommandFailed
from infra.local.description import LrsClient

_SECONDS = 60.0  # a cold start on a busy machine takes several
_HEADER = {"1.0": "1.0.3", "2.0": "2.0.0"}
_ENDPOINTS = {
    "Base endpoint": "base_endpoint",
    "Store endpoint": "store_endpoint",
    "xAPI endpoint": "xapi_endpoint",
    "cmi5 endpoint": "cmi5_endpoint",
}


def described(clients: Sequence[LrsClient], description_file: Path) -> str:
    """Return the clients with their endpoints; where the passwords are, and not what they are."""
    lines = []
    for client in clients:
        lines.append(
            f"Record store, xAPI {client.xapi_version}: client {client.client}, store {client.store}"
        )
        lines += [f"  {label:<16}{getattr(client, name)}" for label, name in _ENDPOINTS.items()]
        lines.append(f"  {'User name':<16}{client.username}, its password is in {description_file}")
    return "\n".join(lines)


def how_to_call(client: LrsClient, description_file: Path, statement_id: str) -> str:
    """Return the commands of a shell that read and record with a client."""
    reads = (
        f'next(c for c in json.load(open("{description_file}"))["lrs"] if c["client"] == "{client.client}")'
    )
    curl = f'curl -u "$LOGIN" -H "X-Experience-API-Version: {_HEADER[client.xapi_version]}"'
    sends = f"-H 'Content-Type: application/json' -d '{json.dumps(_statement())}'"
    return "\n".join(
        (
            f"  LRS={client.xapi_endpoint}",
            f"  LOGIN={client.username}:$(python3 -c 'import json; print({reads}[\"password\"])')",
            f'  {curl} "$LRS/statements?statementId={statement_id}"',
            f'  {curl} {sends} "$LRS/statements"',
        )
    )


def record_and_read(client: LrsClient) -> Mapping[str, Any]:
    """Record a statement and return it as the record store shows it. Raises CommandFailed."""
    statement = _statement() | {"id": str(uuid.uuid4())}
    _call(client, "POST", "statements", statement)
    shown: Mapping[str, Any] = _call(
        client, "GET", f"statements?{urlencode({'statementId': statement['id']})}"
    )
    return shown


def _statement() -> dict[str, Any]:
    return {
        "actor": {"account": {"homePage": "https://learners.example.com", "name": "demo"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced", "display": {"en": "experienced"}},
        "object": {"id": "https://courses.example.com/lightrail"},
    }


def _call(client: LrsClient, method: str, what: str, body: object = None) -> Any:
    login = base64.b64encode(f"{client.username}:{client.password}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - the stack's own address
        f"{client.xapi_endpoint}/{what}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Basic {login}",
            "Content-Type": "application/json",
            "X-Experience-API-Version": _HEADER[client.xapi_version],
        },
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            told = error.read(2000).decode(errors="replace")
        raise CommandFailed(f"{method} {what} was answered with {error.code}: {told}") from error
    except (OSError, ValueError) as error:
        raise CommandFailed(
            f"{client.xapi_endpoint} does not answer ({error}); `make up` starts it"
        ) from error
