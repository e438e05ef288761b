"""The `lightrail` command: one module of this package per topic, each with a function `register`."""

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path

import infra.cli
from infra.cli.console import CommandFailed, ExitCode
from infra.cli.output import show_json
from infra.local.errors import LocalStackError

_EPILOG = """\
environment:
  LIGHTRAIL_URL    the address of an API, like https://host/api; without it the local stack's
  LIGHTRAIL_TOKEN  a token of that API
  LIGHTRAIL_ROOT   the local stack to work on

exit codes:
  0 done   1 could not be done   2 wrong usage   3 done, with failures   4 not finished in time
  5 refused by the API   130 interrupted
"""


def build_parser() -> argparse.ArgumentParser:
    """Build the parser; every module of this package that has `register(subparsers)` adds its commands.

    A command sets `run`, a function of the parsed arguments that returns the exit code.
    """
    parser = argparse.ArgumentParser(
        prog="lightrail",
        description="Run and operate Lightrail.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--root",
        type=Path,
        metavar="DIRECTORY",
        help="the local stack to work on (default: LIGHTRAIL_ROOT, else .local)",
    )
    commands = parser.add_subparsers(title="commands", metavar="command", required=True)
    for module in sorted(pkgutil.iter_modules(infra.cli.__path__), key=lambda module: module.name):
        topic = importlib.import_module(f"infra.cli.{module.name}")
        if hasattr(topic, "register"):
            topic.register(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code, one of `ExitCode`; with `--json` a failure is told in JSON too."""
    parsed = build_parser().parse_args(arguments)
    if parsed.root is not None:
        os.environ["LIGHTRAIL_ROOT"] = str(parsed.root)  # every topic finds the stack by it
    try:
        code: int = parsed.run(parsed)
    except (CommandFailed, LocalStackError) as error:
        failed = error if isinstance(error, CommandFailed) else CommandFailed(str(error))
        if getattr(parsed, "json", False):
            show_json({"error": failed.as_json()})
        print(f"lightrail: {failed}", file=sys.stderr)
        return failed.code
    except KeyboardInterrupt:
        print("\nlightrail: interrupted; the same command goes on from here", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())
