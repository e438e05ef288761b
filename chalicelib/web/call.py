"""What a handler gets and what it gives: one HTTP call, free of the gateway's event format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.lrs.access.principal import Principal
from chalicelib.lrs.versions import V2, XapiVersion

if TYPE_CHECKING:
    from chalicelib.accounts.service import Principal as UserPrincipal
    from chalicelib.web.services import Services


class Audience(Enum):
    """Who may make a call."""

    ANYONE = "anyone"
    USER = "user"
    ADMIN = "admin"


NOBODY = Principal(client="", store="", permissions=frozenset(), authority={})
"""Who makes a call that was not authenticated as a client's of the record store."""


@dataclass(frozen=True)
class Request:
    """One HTTP request, free of the gateway's event format.

    `path` is the pattern of the route, as in its table; `address` the path as the client sent it, below `prefix`
    (the stage, or the base path of a custom domain). `headers` have lower-case names. `query` holds the last value
    of each name, `repeated` the names that stand there more than once, `values` all values of each, in their order.
    `path_parameters` are still percent-encoded.
    """

    method: str
    path: str
    address: str
    prefix: str
    scheme: str
    host: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    repeated: frozenset[str]
    values: Mapping[str, Sequence[str]]
    path_parameters: Mapping[str, str]
    raw_body: bytes
    request_id: str
    gateway_request_id: str


@dataclass(frozen=True)
class Answer:
    """A status, a body and headers. The body becomes JSON, unless it is bytes; None: no body at all."""

    status: int
    body: Mapping[str, object] | Sequence[object] | bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """One HTTP call as the gateway passed it on.

    `headers` have lower-case names. `query` holds the last value of a repeated key, `values` all of them.
    `path_parameters` are still percent-encoded. `raw_body` is what was sent, base64 of the gateway undone. `prefix`
    is what stands before the route's path in the address that the client used (stage or base path), for links;
    `scheme` and `host` are those of the request. `principal` and `version` are known in calls of the record store,
    once it is admitted; `user` in article calls. `write_id` is the same in every run of a call that is sent again
    under its Idempotency-Key: what it writes bears this id, and is so recognised by the next run; None: the call has
    no key.
    """

    method: str
    route: Operation
    headers: Mapping[str, str]
    query: Mapping[str, str]
    path_parameters: Mapping[str, str]
    raw_body: bytes
    prefix: str
    services: Services
    scheme: str = "https"
    host: str = ""
    repeated: frozenset[str] = frozenset()
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    principal: Principal = NOBODY
    version: XapiVersion = V2
    user: UserPrincipal | None = None
    write_id: str | None = None


Handler = Callable[[Call], Answer]


class Operation(Protocol):
    """One method on one path: what the pipeline needs to know of a route, whatever its API adds."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def handler(self) -> Handler: ...
    @property
    def methods(self) -> tuple[str, ...]: ...


RouteTable = Mapping[str, Mapping[str, Operation]]
"""Path → method → route."""


@dataclass(frozen=True)
class Body:
    """What a call takes as body: the schema of its JSON, the example shown, and the media types that it may have.

    bytes_of: media types of bodies that are no JSON document.
    """

    schema: Mapping[str, Any]
    example: object
    required: bool = True
    kinds: tuple[str, ...] = ("application/json",)
    bytes_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parameter:
    """A parameter in the path, the query or a header, as documented."""

    name: str
    place: str
    schema: Mapping[str, Any]
    description: str
    example: object = None


@dataclass(frozen=True)
class Success:
    """The answer of a call that went well: its schema, an example, and headers that it adds.

    bytes_of: media types of answers that are no JSON document in an envelope.
    """

    status: int
    schema: Mapping[str, Any]
    example: Mapping[str, object]
    description: str = "The call did what it says."
    headers: Mapping[str, str] = field(default_factory=dict)
    bytes_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """One method on one path, and everything that its documentation says.

    `mutates` on a GET call means: not cached, and not answered to HEAD. `refusals` are the statuses that this call
    may answer beside those that every call may. `further`: other answers of a call that went well. `secret`: the
    call or its answer holds a secret, so that no answer is kept under an Idempotency-Key.
    """

    method: str
    path: str
    name: str
    tag: str
    audience: Audience
    summary: str
    handler: Handler
    success: Success
    description: str = ""
    body: Body | None = None
    parameters: tuple[Parameter, ...] = ()
    refusals: tuple[int, ...] = ()
    mutates: bool = False
    further: tuple[Success, ...] = ()
    secret: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that are answered by this route: its own, and HEAD on a GET that changes nothing."""
        return ("GET", "HEAD") if self.method == "GET" and not self.mutates else (self.method,)
