"""`python -m infra.openapi [--check]`: writes docs/openapi.json from the routes, or tells whether it is up to date."""

import argparse
import json
import sys
from pathlib import Path

from chalicelib.web import openapi, routing

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"
PREFIX = "/api"  # the stage's name, and the base path of a custom domain


def document() -> str:
    """The document as it is committed: indented, so that a change can be read."""
    described = openapi.describe(routing.ROUTES, routing.RECORD_ROUTES, PREFIX)
    return json.dumps(described, ensure_ascii=False, indent=2) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 where the document is, or now is, what the routes say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing, fail where the document is out of date"
    )
    check: bool = parser.parse_args(arguments).check
    current = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
    if current == document():
        return 0
    if check:
        print("docs/openapi.json is not what the routes say: run `python -m infra.openapi`", file=sys.stderr)
        return 1
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
