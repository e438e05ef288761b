"""Who is calling: the credentials of a request against the client and the store that its path names."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NoReturn, Protocol

from chalicelib.errors import Forbidden, NotFound, Unauthenticated
from chalicelib.lrs.access.authority import authority_of
from chalicelib.lrs.access.basic import BasicCredentials, read_header
from chalicelib.lrs.access.effective import EffectiveOptions
from chalicelib.lrs.access.identity import MAX_NAME
from chalicelib.lrs.access.permissions import of_token
from chalicelib.lrs.access.principal import Cmi5Session, Principal
from chalicelib.lrs.access.run_tokens import RUN_USER
from chalicelib.lrs.access.slugs import addressable
from chalicelib.lrs.versions import V1, V2, XapiVersion
from chalicelib.passwords import ScryptCost, hash_of_nobody, verify_password
from chalicelib.ports.lrs_access import AccessStore, ClientRecord, StoreRecord

REMEMBERED = 1000  # passwords that a process remembers; a deployment with more clients checks some again
# Clients that share a user name are rare; each costs one slow hash where a password is wrong.
NAMESAKES = 4
VERSIONS: Mapping[str, XapiVersion] = {"1.0": V1, "2.0": V2}


class Cmi5Tokens(Protocol):
    """The cmi5 tokens of clients."""

    def session(self, client: ClientRecord, value: str) -> Cmi5Session | None:
        """What the token allows; None: this client issued no such token in its present store, or it is over."""
        ...


class RunTokens(Protocol):
    """The credentials that runs of jobs give themselves."""

    def proves(self, client: ClientRecord, password: str) -> bool:
        """Whether this is one of the client in its present store, and not over."""
        ...


class Guard:
    """Lets clients in by HTTP Basic.

    Client and store are read at every call (strongly consistent): whoever is revoked or changed is out at the next.
    The slow hash of a password is checked once for each version of a client's record, and remembered as a digest
    with a key that only this process has.
    """

    def __init__(
        self,
        store: AccessStore,
        tokens: Callable[[], Cmi5Tokens],
        options: EffectiveOptions,
        cost: ScryptCost | None = None,
        runs: Callable[[], RunTokens] | None = None,
    ) -> None:
        """`tokens`, `runs`: called when the first cmi5 token, the first run of a job comes.

        `cost`: of the hash for nobody, as passwords have.
        """
        self._store, self._tokens, self._options = store, tokens, options
        self._runs = runs
        self._nobody = hash_of_nobody(cost or ScryptCost())
        self._key = secrets.token_bytes(32)
        self._remembered: OrderedDict[bytes, None] = OrderedDict()

    def authenticate(self, authorization: str | None, client: str, store: str) -> Principal:
        """The caller, given the `Authorization` header and the slugs in the path (`store` empty: it names none).

        Raises `Unauthenticated` (no, malformed or wrong credentials, whatever the path names), `Forbidden` (another
        client's path, another store than the client's, a store that is being deleted), `NotFound` (right
        credentials, and no such client or store), `Unavailable`.
        """
        credentials = read_header(authorization)
        if credentials is None:
            raise Unauthenticated
        found = self._store.read(addressable(client), addressable(store))
        if credentials.is_token:
            return self._bearer(credentials, found.client, found.store, store)
        if found.client is not None and self._is_run(credentials, found.client):
            return _for_xapi(self._admit(found.client, found.store, store, None))
        if found.client is None or not self._proves(credentials, found.client):
            self._refuse(credentials, found.client, client)
        return self._admit(found.client, found.store, store, None)

    def allowed_origins(self, client: str) -> tuple[str, ...]:
        """The origins whose scripts may call this client: `*` or a list; of a client that is not there, `*`."""
        found = self._store.read(addressable(client)).client
        return ("*",) if found is None else found.cors

    def _is_run(self, credentials: BasicCredentials, client: ClientRecord) -> bool:
        """Whether a run of a job calls for this client."""
        if credentials.username != RUN_USER or self._runs is None:
            return False
        return self._runs().proves(client, credentials.password)

    def _bearer(
        self,
        credentials: BasicCredentials,
        client: ClientRecord | None,
        store: StoreRecord | None,
        store_slug: str,
    ) -> Principal:
        """The bearer of a cmi5 token; it lives no longer than its client may issue tokens."""
        if client is None or "cmi5/tokens" not in client.permissions:
            raise Unauthenticated
        session = self._tokens().session(client, credentials.value)
        if session is None:
            raise Unauthenticated
        return self._admit(client, store, store_slug, session)

    def _admit(
        self, client: ClientRecord, store: StoreRecord | None, store_slug: str, session: Cmi5Session | None
    ) -> Principal:
        if store_slug:
            _check_store(client, store, store_slug)
        permissions = client.permissions
        if session is not None:
            permissions = of_token(permissions)
        elif client.guard == "cmi5-token":
            permissions &= {"cmi5/tokens"}
        options = self._options.of(client.pipeline)
        return Principal(
            client=client.slug,
            store=store_slug,
            permissions=permissions,
            authority=authority_of(client.slug, options),
            options=options,
            xapi_version=V2 if store is None else VERSIONS[store.xapi_version],
            cmi5=session,
            cors=client.cors,
        )

    def _refuse(self, credentials: BasicCredentials, tried: ClientRecord | None, slug: str) -> NoReturn:
        """Raises what becomes of a call whose credentials are not those of the client in its path.

        The work that it does depends on the user name alone, so that its time does not tell which clients there are.
        """
        namesakes = self._store.clients_named(credentials.username, NAMESAKES)
        others = [client for client in namesakes if tried is None or client.id != tried.id]
        if not others and (tried is None or tried.username != credentials.username):
            verify_password(credentials.password, self._nobody)
        right = [self._proves(credentials, client) for client in others]
        if not any(right):
            raise Unauthenticated
        if tried is None:
            raise NotFound("Client", slug[:MAX_NAME])
        raise Forbidden("These are the credentials of another client than the one in the path.")

    def _proves(self, credentials: BasicCredentials, client: ClientRecord) -> bool:
        if not hmac.compare_digest(credentials.username.encode(), client.username.encode()):
            return False
        digest = self._digest(credentials.password, client)
        if digest in self._remembered:
            self._remembered.move_to_end(digest)
            return True
        if not verify_password(credentials.password, client.password_hash):
            return False
        self._remembered[digest] = None
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return True

    def _digest(self, password: str, client: ClientRecord) -> bytes:
        """Of the password and the very record that it was right for; only this process can make it."""
        text = "\0".join((client.id, client.version, client.password_hash, password))
        return hmac.digest(self._key, text.encode(), hashlib.sha256)


def _for_xapi(principal: Principal) -> Principal:
    """The caller with what it may do over xAPI, and nothing else."""
    kept = frozenset(name for name in principal.permissions if name.startswith("xapi/"))
    return replace(principal, permissions=kept)


def _check_store(client: ClientRecord, store: StoreRecord | None, slug: str) -> None:
    if store is None:
        raise NotFound("Store", slug[:MAX_NAME])
    if store.slug != client.store:
        raise Forbidden(f"The client {client.slug} belongs to another store than the one in the path.")
    if store.status != "ready":
        raise Forbidden(f"The store {slug} is being deleted and takes no more calls.")
