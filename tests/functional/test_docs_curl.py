"""The `curl` commands of the pages on articles do what the pages say, letter by letter."""

import re
from urllib.parse import urlsplit

import pytest

from tests.documents import DOCUMENTS, fenced
from tests.functional import curl_lines
from tests.functional.gateway import Gateway
from tests.functional.stand_ins import StandIns

# The address and the token of the local stack, which README reads from a file.
_FROM_THE_STACK = re.compile(r"^(?:API|TOKEN)=\$\(.*$", re.MULTILINE)


@pytest.mark.parametrize(("page", "calls"), [("README.md", 5), ("exports.md", 1), ("navision.md", 1)])
def test_every_curl_is_answered_with_success(
    page: str, calls: int, services: StandIns, user: Gateway
) -> None:
    document = next(path for path in DOCUMENTS if path.name == page)
    for mapping in fenced(document, "yaml"):
        services.exporting.blobs.put("mappings/navision.yaml", mapping.encode())
    assert user.call("PUT", "/v1/articles/12411116", {"F_3": "BULLET HOLE"}).status == 201
    known = {"API": "https://host/api/v1", "TOKEN": user.token or ""}
    blocks = [_FROM_THE_STACK.sub("", block) for block in fenced(document, "sh")]
    made = [each for block in blocks for each in curl_lines.read(block, known) if "host" in each.url]
    for curl in made:
        assert curl.headers["Authorization"] == f"Bearer {user.token}"
        target = curl.url.removeprefix("https://host/api")
        answer = user.call(curl.method, target, "&".join(curl.data).encode() or None, curl.headers)
        assert answer.status in (200, 202), f"{curl.method} {urlsplit(target).path}: {answer.text}"
    assert len(made) == calls
