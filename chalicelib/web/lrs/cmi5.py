"""cmi5: a client asks for a token, an assignable unit fetches the one that it uses.

`POST …/cmi5/fetch?token=…` is a fetch URL as cmi5 8.2 has it: an LMS that has none of its own puts it, with the token
that it was given, into the launch URL. It is open: the token is the proof.
"""

from __future__ import annotations

from chalicelib.lrs.access.addresses import endpoints
from chalicelib.web import reading
from chalicelib.web.call import Answer, Call
from chalicelib.web.lrs.route import STORE, LrsRoute


def create_token(call: Call) -> Answer:
    """Issues a token for one learner and one activity."""
    from chalicelib.lrs.cmi5.request import TokenRequest  # a seldom call

    request = TokenRequest.read(reading.json_object(call))
    principal = call.principal
    token = call.services.lrs.cmi5_tokens.issue(principal, request)
    stage = f"{call.scheme}://{call.host}{call.prefix}"
    return Answer(
        200,
        {"endpoint": endpoints(stage, principal.client, principal.store)["xapi_endpoint"], "token": token},
    )


def fetch(call: Call) -> Answer:
    """Gives the assignable unit its token, once."""
    from chalicelib.lrs.cmi5.tokens import as_json

    client, store = (reading.path_parameter(call, name) for name in ("client", "store"))
    value, origin = call.query.get("token", ""), call.headers.get("origin")
    return Answer(200, as_json(call.services.lrs.cmi5_tokens.fetch(client, store, value, origin)))


ROUTES = (
    LrsRoute("POST", f"{STORE}/cmi5/tokens", "cmi5CreateToken", create_token, ("cmi5/tokens",)),
    LrsRoute("POST", f"{STORE}/cmi5/fetch", "cmi5Fetch", fetch, query=frozenset(("token",)), open=True),
)
