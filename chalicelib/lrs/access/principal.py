"""Who makes a call: a client, or the bearer of a cmi5 token that the client issued, in one store."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.versions import V2, XapiVersion


@dataclass(frozen=True)
class Cmi5Session:
    """What a cmi5 token allows: this agent (as xAPI JSON), this activity, this registration where one was named.

    `origin`: where its page comes from, with scheme or (any scheme) without; empty: anywhere.
    """

    token_id: str
    agent: Mapping[str, object]
    activity_id: str
    registration: str | None = None
    origin: str = ""


@dataclass(frozen=True)
class Principal:
    """An authenticated caller.

    `store`: the slug of the store that the call is about; empty for calls that are about none. `xapi_version`: what
    a request without version header is told. `authority`: the agent written on what it records, as xAPI JSON.
    `cors`: the origins whose scripts may call, or `*`.
    """

    client: str
    store: str
    permissions: frozenset[str]
    authority: Mapping[str, object]
    options: PipelineOptions = field(default_factory=PipelineOptions)
    xapi_version: XapiVersion = V2
    cmi5: Cmi5Session | None = None
    cors: tuple[str, ...] = ("*",)
