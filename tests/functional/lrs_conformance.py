"""The record store on doubles as the conformance runner meets it: a transport that calls the application."""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from chalicelib.lrs.conformance import Response
from tests.functional.gateway import STAGE
from tests.functional.lrs_client import XAPI, LrsClient, basic

HOST = "https://articles.example.com"


class InProcess:
    """A transport to an application of its own."""

    endpoint = f"{HOST}{STAGE}{XAPI}"

    def __init__(self, client: LrsClient | None = None) -> None:
        self.client = client or LrsClient()

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Response:
        place = urlsplit(path).path.removeprefix(STAGE) if path.startswith("http") else f"{XAPI}{path}"
        target = f"{place}?{urlencode(query)}" if query else place
        sent = {"Authorization": basic(), **headers}
        if not sent["Authorization"]:
            del sent["Authorization"]
        self.client.world.stored.clock.advance(0.002)
        answer = self.client.gateway.call(method, target, body, sent)
        return Response(answer.status, answer.headers, answer.body)
