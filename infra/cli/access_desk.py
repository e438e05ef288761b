"""Finds the stores and clients of a deployment's record store: of a stage on AWS, or of the local stack."""

from dataclasses import dataclass

from chalicelib.adapters.dynamodb_access import DynamoAccess
from chalicelib.adapters.system_clock import SystemClock
from chalicelib.lrs.access.effective import EffectiveOptions
from chalicelib.lrs.access.service import Access
from infra.cli.console import CommandFailed
from infra.cli.stack_outputs import find_stack
from infra.local import description
from infra.local.stack import default_root
from infra.template.api import STAGE

TABLE_OUTPUT = "AccessTableName"
ADDRESS_OUTPUT = "EndpointURL"


@dataclass(frozen=True)
class AccessDesk:
    """Stores and clients, and the address of the stage below which their endpoints are (`https://host/api`)."""

    access: Access
    root: str


def open_access(stage: str | None) -> AccessDesk:
    """Open the record store of the stage, else of the local stack.

    Raises CommandFailed, or LocalStackError where no local stack has been made.
    """
    client, stack = find_stack(stage)
    missing = [name for name in (TABLE_OUTPUT, ADDRESS_OUTPUT) if name not in stack.outputs]
    if missing:
        raise CommandFailed(f"the stack has no output {', '.join(missing)}; deploy it again")
    store = DynamoAccess(client("dynamodb"), stack.outputs[TABLE_OUTPUT])
    root = stack.outputs[ADDRESS_OUTPUT]
    if not stage:  # the emulator serves the stage at its own address
        root = f"{description.read(default_root() / 'stack.json').api_url}/{STAGE}"
    return AccessDesk(Access(store, SystemClock(), EffectiveOptions()), root.rstrip("/"))
