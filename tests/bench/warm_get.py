"""(c) A warm GET of an article: in this process, beside what it cannot do without, and through the gateway.

It cannot do without reading the token (one consistent GetItem) and the document (one GET by id); the raw side does
both with clients of its own.
"""

import http.client
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from chalicelib.accounts.tokens import read_header
from chalicelib.bootstrap import Services
from chalicelib.ports.accounts import AccountStore
from chalicelib.ports.article_store import ArticleStore
from chalicelib.web.gateway import HttpApi
from tests.bench.catalogue import features
from tests.bench.ground import Context, Ground, bulk_body
from tests.bench.measuring import Goal, Series, Stopwatch, heading, in_turns, line, ratios, shares, unread_log
from tests.functional.gateway import event

CALLS = 300
GATEWAY_CALLS = 60
GOAL = Goal("at most", 1.5)
NUMBER = "bench-get"


class _Services(Services):
    def __init__(self) -> None:
        self.watch = Stopwatch()

    @cached_property
    def account_store(self) -> AccountStore:
        found: AccountStore = self.watch.around(super().account_store, {"get": "token read"})
        return found

    @cached_property
    def article_store(self) -> ArticleStore:
        found: ArticleStore = self.watch.around(super().article_store, {"get_many": "document get"})
        return found


def measure(ground: Ground) -> None:
    """Measures and prints."""
    ground.use_environment()
    _store_article(ground)
    token, document = _raw_reads(ground)
    api, watch = _application(ground)
    request = _request(ground, api)

    def call(_: int) -> None:
        answer = api(request, Context())
        assert answer["statusCode"] == 200, answer

    def raw(_: int) -> None:
        token()
        document()

    with unread_log():
        in_turns(0, [call, raw], warm_up=100)
        watch.spent.clear()
        seconds = in_turns(CALLS, [raw, call, raw, lambda _: token(), lambda _: document()], warm_up=0)
    names = (
        "raw token read and document get",
        "GET in process",
        "raw again",
        "raw token read",
        "raw document get",
    )
    first, answered, again, *alone = (
        Series(name, "ms", [spent * 1000 for spent in of]) for name, of in zip(names, seconds, strict=True)
    )
    heading("(c) warm GET /v1/articles/{number}")
    for series in (first, again, *alone, answered):
        line(series, digits=2)
    line(ratios("noise: raw again ÷ raw", again, first), digits=2)
    line(ratios("GET in process ÷ raw", answered, first), GOAL, digits=2)
    shares("GET in process", watch, sum(seconds[1]))
    _through_gateway(ground)


def _store_article(ground: Ground) -> None:
    source = {
        "schema": 1,
        "number": NUMBER,
        "deleted": False,
        "document": {"id": NUMBER, "F_1": NUMBER, **features(0)},
        "write_ids": [],
        "updated_at": 0,
        "source": "bench",
    }
    transport = ground.raw_transport()
    answer = transport.perform_request("POST", "/articles/_bulk", body=bulk_body({NUMBER: source}))
    assert not answer["errors"], answer


def _raw_reads(ground: Ground) -> tuple[Any, Any]:
    """The two reads, each by a client that nobody else uses."""
    credentials = read_header(f"Bearer {ground.token}")
    assert credentials is not None
    client, transport = ground.deployment.client("dynamodb"), ground.raw_transport()
    table, user = ground.settings.accounts_table, credentials.user_key
    keys = [{"pk": {"S": f"users#{partition}"}, "sk": {"S": user}} for partition in range(8)]

    def stored(key: Mapping[str, object]) -> bool:
        return "Item" in client.get_item(TableName=table, Key=key, ConsistentRead=True)

    (key,) = (key for key in keys if stored(key))
    path = f"/articles/_doc/{NUMBER}"
    return lambda: stored(key), lambda: transport.perform_request("GET", path)


def _application(ground: Ground) -> tuple[HttpApi, Stopwatch]:
    services = _Services()
    return HttpApi("lightrail", services), services.watch


def _request(ground: Ground, api: HttpApi) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {ground.token}", "Accept": "application/json"}
    return event(api.routes, "GET", f"/v1/articles/{NUMBER}", headers)


def _through_gateway(ground: Ground) -> None:
    """The same through the emulator, beside a call that it answers with 401 and that reads nothing."""
    address = urlsplit(ground.description.api_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)

    def call(headers: Mapping[str, str], expected: int) -> None:
        connection.request("GET", f"/api/v1/articles/{NUMBER}", headers=dict(headers))
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == expected, (answer.status, body)
        json.loads(body)

    bearer = {"Authorization": f"Bearer {ground.token}"}
    seconds = in_turns(GATEWAY_CALLS, [lambda _: call(bearer, 200), lambda _: call({}, 401)], warm_up=10)
    connection.close()
    for name, of in zip(
        ("GET through the gateway", "401 through the gateway: reads nothing"), seconds, strict=True
    ):
        line(Series(name, "ms", [spent * 1000 for spent in of]), digits=2)
