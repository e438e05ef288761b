"""The ready clients of a local stack's record store, one per version of xAPI; `stack.json` holds their passwords."""

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.system_clock import SystemClock
from chalicelib.errors import NotFound
from chalicelib.lrs.access.addresses import endpoints
from chalicelib.lrs.access.effective import EffectiveOptions
from chalicelib.lrs.access.permissions import PERMISSIONS
from chalicelib.lrs.access.service import Access
from chalicelib.passwords import verify_password
from infra.local.description import LrsClient
from infra.template.api import STAGE

if TYPE_CHECKING:
    from chalicelib.ports.lrs_access import AccessStore

# What a request without version header is told, and the slug of a store, of its client, and of its user.
SLUGS = {"2.0": "default-2-0", "1.0": "default-1-0"}
_PASSWORD_BYTES = 24


def ensure(store: "AccessStore", known: Sequence[LrsClient], api_url: str) -> tuple[LrsClient, ...]:
    """Return a client per version of xAPI with all permissions, made or put right where it differs.

    A password that is known and right stays.
    """
    access = Access(store, SystemClock(), EffectiveOptions())
    passwords = {client.client: client.password for client in known}
    return tuple(
        _ensure(access, version, passwords.get(slug, ""), api_url) for version, slug in SLUGS.items()
    )


def _ensure(access: Access, version: str, password: str, api_url: str) -> LrsClient:
    slug = SLUGS[version]
    _ensure_store(access, slug, version)
    password = _ensure_client(access, slug, password)
    return LrsClient(
        client=slug,
        store=slug,
        xapi_version=version,
        username=slug,
        password=password,
        **endpoints(f"{api_url}/{STAGE}", slug, slug),
    )


def _ensure_store(access: Access, slug: str, version: str) -> None:
    try:
        found = access.stores.get(slug)
    except NotFound:
        access.stores.create(
            {"slug": slug, "name": f"Default store, xAPI {version}", "xapi_version": version}
        )
        return
    if found.xapi_version != version:
        access.stores.update(slug, {"xapi_version": version})


def _ensure_client(access: Access, slug: str, password: str) -> str:
    """Makes or mends the client, and returns the password that it has."""
    wanted: dict[str, Any] = {
        "store": slug,
        "guard": "basic-http",
        "permissions": dict.fromkeys(PERMISSIONS, True),
    }
    fresh = secrets.token_urlsafe(_PASSWORD_BYTES)
    new = {"credentials": {"username": slug, "password": fresh}}
    try:
        found = access.clients.get(slug)
    except NotFound:
        access.clients.create({"slug": slug, "name": "Default client", **wanted, **new})
        return fresh
    keeps = found.username == slug and bool(password) and verify_password(password, found.password_hash)
    right = (found.store, found.guard, found.permissions) == (slug, "basic-http", frozenset(PERMISSIONS))
    if not keeps or not right:
        access.clients.update(slug, wanted if keeps else {**wanted, **new})
    return password if keeps else fresh
