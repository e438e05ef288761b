"""What a running stack says of itself: `stack.json`, and the addresses that the deployment uses."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from infra.local.durable import write_atomically
from infra.local.errors import LocalStackError


@dataclass(frozen=True)
class LocalAddresses:
    """Where the parts of a local stack listen and how to sign for them; enough to deploy on it."""

    root: Path
    aws_endpoint_url: str
    opensearch_url: str
    region: str
    account_id: str
    aws_access_key_id: str
    aws_secret_access_key: str


@dataclass(frozen=True)
class Admin:
    """The first administrator of a local stack; the token is plain, so the file that holds it is private."""

    email: str
    token: str


@dataclass(frozen=True)
class LrsClient:
    """A ready client of the record store, with the slug of its store and its endpoints.

    `xapi_version`: that of its store, `1.0` or `2.0`. The password is plain, as the token of the administrator.
    """

    client: str
    store: str
    xapi_version: str
    username: str
    password: str = field(repr=False)
    base_endpoint: str
    store_endpoint: str
    xapi_endpoint: str
    cmi5_endpoint: str


@dataclass(frozen=True)
class Description:
    """The content of `stack.json`: every documented path is `api_url` + `/api/v1/…`."""

    api_url: str
    bucket: str
    aws_endpoint_url: str
    opensearch_url: str
    region: str
    aws_access_key_id: str
    aws_secret_access_key: str
    stack_name: str = ""
    admin: Admin | None = None
    lrs: tuple[LrsClient, ...] = ()


def write(path: Path, description: Description) -> None:
    """Write the description, readable by its owner alone."""
    write_atomically(path, (json.dumps(asdict(description), indent=2) + "\n").encode(), mode=0o600)


def read(path: Path) -> Description:
    """Read the description of a deployed stack.

    Raises LocalStackError when there is none or it was written by another version.
    """
    try:
        content = json.loads(path.read_text())
        known = {each.name for each in fields(Description)}
        values = {name: value for name, value in content.items() if name in known}
        admin = values.pop("admin", None)
        clients = tuple(LrsClient(**client) for client in values.pop("lrs", ()))
        return Description(**values, admin=Admin(**admin) if admin else None, lrs=clients)
    except FileNotFoundError:
        raise LocalStackError(f"there is no stack at {path.parent} yet; `make up` makes one") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise LocalStackError(f"{path} cannot be read ({error}); `make up` writes it anew") from None
