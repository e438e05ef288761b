"""`lightrail stack`: the local stack."""

import argparse
from collections.abc import Callable
from contextlib import nullcontext

from infra.cli.console import open_report
from infra.cli.lrs_ready import described
from infra.cli.output import show_json
from infra.local.progress import SilentReport
from infra.local.stack import PartStatus, Stack, default_root


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `lightrail stack …`."""
    group = subparsers.add_parser("stack", help="the local stack: start, stop, look at it")
    commands = group.add_subparsers(title="commands", metavar="command", required=True)
    up = commands.add_parser("up", help="start and deploy; changes nothing that is right already")
    up.add_argument("--servers-only", action="store_true", help="start the servers, deploy nothing")
    up.add_argument(
        "--enforce-roles", action="store_true", help="refuse what a function's execution role does not allow"
    )
    up.add_argument("--json", action="store_true", help="answer in JSON")
    up.set_defaults(run=_up)
    commands.add_parser("down", help="stop; what it stored stays").set_defaults(run=_down)
    commands.add_parser("clean", help="stop and forget what it stored").set_defaults(run=_clean)
    status = commands.add_parser("status", help="show what runs, where, and its memory")
    status.add_argument("--json", action="store_true", help="answer in JSON")
    status.set_defaults(run=_status)


def _up(arguments: argparse.Namespace) -> int:
    from infra.local.application import put_up

    with nullcontext(SilentReport()) if arguments.json else open_report() as report:
        stack = Stack(default_root(), enforce_roles=arguments.enforce_roles, report=report)
        if arguments.servers_only:
            with stack.lock():
                addresses = stack.up()
            where = {
                "opensearch_url": addresses.opensearch_url,
                "aws_endpoint_url": addresses.aws_endpoint_url,
            }
            if arguments.json:
                show_json(where)
            report.say(f"OpenSearch {addresses.opensearch_url}, AWS {addresses.aws_endpoint_url}")
            return 0
        description = put_up(stack, report)
    if arguments.json:
        show_json({"api_url": f"{description.api_url}/api", "description": str(stack.description_file)})
        return 0
    print(f"\nLightrail runs at {description.api_url}/api/v1")
    print(f"{stack.description_file} has its addresses, bucket, keys and the first admin's token.")
    print(f"\n{described(description.lrs, stack.description_file)}")
    return 0


def _on_stack(action: Callable[[Stack], None]) -> int:
    with open_report() as report:
        stack = Stack(default_root(), report=report)
        if not stack.root.exists():
            report.say(f"There is no stack at {stack.root}.")
            return 0
        with stack.lock():
            action(stack)
    return 0


def _down(_: argparse.Namespace) -> int:
    return _on_stack(Stack.down)


def _clean(_: argparse.Namespace) -> int:
    return _on_stack(Stack.clean)


def _status(arguments: argparse.Namespace) -> int:
    stack = Stack(default_root())
    parts = stack.status()
    if arguments.json:
        show_json({"parts": [_as_json(part) for part in parts]})
    for part in () if arguments.json else parts:
        state = "runs" if part.healthy else "does not answer" if part.pid else "stopped"
        where = f"  http://127.0.0.1:{part.port}  process {part.pid}" if part.pid else ""
        print(f"{part.name:<12} {state}{where}  {part.memory_bytes / 1e6:.0f} MB  log {part.log_file}")
    return 0 if all(part.healthy for part in parts) else 1


def _as_json(part: PartStatus) -> dict[str, object]:
    return {
        "name": part.name,
        "healthy": part.healthy,
        "process": part.pid,
        "port": part.port,
        "memory_bytes": part.memory_bytes,
        "log": str(part.log_file),
    }
