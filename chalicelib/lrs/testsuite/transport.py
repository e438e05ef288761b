"""The way of conformance checks to an endpoint of this deployment, for a page of them."""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

from chalicelib.errors import Unavailable
from chalicelib.lrs.conformance import NoAnswer, Response
from chalicelib.ports.outgoing import Outgoing, OutgoingRefused, Request


class EndpointTransport:
    """A `conformance.Transport` over requests, with a credential, for so many seconds in all."""

    def __init__(
        self, endpoint: str, authorization: str, outgoing: Outgoing, seconds: float, now: Callable[[], float]
    ) -> None:
        self._endpoint, self._authorization, self._outgoing = endpoint.rstrip("/"), authorization, outgoing
        self._now, self._end = now, now() + seconds

    @property
    def endpoint(self) -> str:
        """The address of the xAPI endpoint."""
        return self._endpoint

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Response:
        """Sends one request, once. Raises `NoAnswer`."""
        if self._now() >= self._end:
            raise NoAnswer("the time for these checks is over; the store is slow, or did not answer others.")
        sent = {"Authorization": self._authorization, **headers}
        if not sent["Authorization"]:
            del sent["Authorization"]
        url = self._address(path)
        if query:
            url += f"?{urlencode(query)}"
        try:
            answer = self._outgoing.exchange(Request(method, url, sent, body))
        except (OutgoingRefused, Unavailable) as error:
            raise NoAnswer(str(error)) from error
        return Response(answer.status, answer.headers, answer.body)

    def _address(self, path: str) -> str:
        if not path.startswith("http"):
            return f"{self._endpoint}{path}"
        if urlsplit(path)[:2] != urlsplit(self._endpoint)[:2]:  # the credential is for no other
            raise NoAnswer("the store named an address on another host.")
        return path
