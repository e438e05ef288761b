"""What is measured on: a local stack of its own, with the packaged application deployed."""

import json
import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from chalicelib.adapters.opensearch_connection import Transport, connect
from chalicelib.settings import Settings
from infra.cli.console import PlainReport
from infra.cli.deployment import LocalDeployment
from infra.local.application import put_up
from infra.local.description import Description
from infra.local.progress import SilentReport
from infra.local.stack import Stack

ROOT = Path(__file__).resolve().parents[2] / ".local" / "bench"


@dataclass
class Ground:
    """The deployed application, and how its parts are reached from this process."""

    description: Description

    @cached_property
    def deployment(self) -> LocalDeployment:
        """Clients for the emulator, and the outputs of the stack."""
        return LocalDeployment(self.description)

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """The environment of the deployed functions, and what AWS adds to it."""
        found = self.description
        name = f"{found.stack_name}-api"
        function = self.deployment.client("lambda").get_function_configuration(FunctionName=name)
        return {
            **function["Environment"]["Variables"],
            "AWS_ENDPOINT_URL": found.aws_endpoint_url,
            "AWS_DEFAULT_REGION": found.region,
            "AWS_ACCESS_KEY_ID": found.aws_access_key_id,
            "AWS_SECRET_ACCESS_KEY": found.aws_secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @cached_property
    def settings(self) -> Settings:
        """The settings of the deployed functions."""
        return Settings.from_environment(self.environment)

    @cached_property
    def token(self) -> str:
        """The token of the first administrator."""
        assert self.description.admin is not None
        return self.description.admin.token

    def use_environment(self) -> None:
        """Lets the application run in this process as it is deployed."""
        os.environ.update(self.environment)

    def raw_transport(self) -> Transport:
        """A connection to the search engine that nobody else uses."""
        return connect(self.description.opensearch_url, signed=False, timeout=60)


def deployed(*, quiet: bool = False, **parameters: str) -> Ground:
    """The application on the stack, as a developer's is set but for these parameters."""
    report = SilentReport() if quiet else PlainReport()
    return Ground(put_up(Stack(ROOT, report=report), report, {"EntriesPerMessage": "25", **parameters}))


def deployed_anew(ground: Ground, **parameters: str) -> Ground:
    """The same with an emulator that has forgotten everything.

    It looks at all messages of the last five minutes at every send, so an earlier run would slow the next one.
    """
    url = f"{ground.description.aws_endpoint_url}/_ministack/reset"
    with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=60) as answer:
        json.load(answer)
    return deployed(quiet=True, **parameters)


def forget() -> None:
    """Stops the stack and removes what it stored."""
    stack = Stack(ROOT)
    with stack.lock():
        stack.clean()


class Context:
    """What Lambda passes beside an event."""

    aws_request_id = "11111111-2222-3333-4444-555555555555"

    def get_remaining_time_in_millis(self) -> int:
        """Never short of time."""
        return 900_000


def bulk_body(sources: Mapping[str, Any]) -> bytes:
    """A `_bulk` body that writes these documents, whatever is stored."""
    lines = []
    for number, source in sources.items():
        lines += [json.dumps({"index": {"_id": number}}), json.dumps(source, ensure_ascii=False)]
    return ("\n".join(lines) + "\n").encode()
