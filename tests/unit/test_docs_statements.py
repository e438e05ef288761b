"""The document on statements over HTTP tells the limits of the code."""

from chalicelib.lrs import multipart
from chalicelib.lrs.statements import attaching, preparing, query, settling
from chalicelib.web import reading
from chalicelib.web.lrs import statement_body
from tests.documents import table


def test_limits_are_those_of_the_code() -> None:
    assert {row["limit"]: row["value"] for row in table("statements.md", "Limits")} == {
        "body of a call": f"{reading.BODY_BYTES:,} bytes",
        "statements of a request": f"{settling.MOST_STATEMENTS}",
        "statement": f"{preparing.STATEMENT_BYTES // 1024} KiB",
        "distinct agents, activities and terms of a request": f"{preparing.MOST_NAMED:,}",
        "levels of nested JSON": f"{statement_body.MOST_LEVELS}",
        "parts of a body": f"{multipart.MOST_PARTS:,}",
        "attachments of a request": f"{attaching.MOST_ATTACHMENTS}",
        "statements of a page": f"{query.MOST_PER_PAGE}",
    }
