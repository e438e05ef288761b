"""The documented HTTP API, as a command calls it."""

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

from infra.cli.console import CommandFailed

_SECONDS = 60.0  # a cold start on a busy machine takes several


class Api:
    """The API at `url` (before `/api/v1`), called with a token."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, *path: str) -> Any:
        """Return the `data` of a GET; each part of the path is encoded. Raises CommandFailed."""
        status, answer = self._call(path)
        return _data(path, status, answer)

    def find(self, *path: str) -> Any:
        """Return the `data` of a GET, None if there is no such thing. Raises CommandFailed."""
        status, answer = self._call(path)
        if status == 404:
            return None
        return _data(path, status, answer)

    def _call(self, path: tuple[str, ...]) -> tuple[int, dict[str, Any]]:
        where = "/".join(quote(part, safe="?=&") for part in path)
        request = urllib.request.Request(  # noqa: S310 - the stack's own address
            f"{self._url}/api/v1/{where}",
            headers={"Authorization": f"Bearer {self._token}", "Accept": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _error_body(error)
        except (OSError, ValueError) as error:
            raise CommandFailed(f"{self._url} does not answer ({error}); `make up` starts it") from error


def _data(path: tuple[str, ...], status: int, answer: dict[str, Any]) -> Any:
    if status >= 400:
        raise CommandFailed(f"GET /{'/'.join(path)} was answered with {status}: {answer.get('message')}")
    return answer.get("data")


def _error_body(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        body = json.load(error)
    except ValueError:
        return {"message": error.reason}
    return body if isinstance(body, dict) else {"message": error.reason}
