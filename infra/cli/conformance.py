"""`lightrail conformance`: checks any learning record store against xAPI, from outside, as a client of it."""

import argparse
import getpass
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4

from chalicelib.lrs.conformance import (
    Outcome,
    Transport,
    UnknownSection,
    clean,
    covered,
    plan,
    run_check,
    uncovered,
)
from chalicelib.lrs.versions import V1, V2, XapiVersion
from infra.cli.console import CommandFailed
from infra.cli.lrs_transport import SECONDS, HttpTransport
from infra.cli.output import plural, printable, show_json, show_table

VERSIONS: dict[str, XapiVersion] = {"1.0.3": V1, "2.0": V2, "2.0.0": V2}
PROMPT = "prompt"
MOST_CLEANINGS = 1000

Connect = Callable[[str, str, str, float], HttpTransport]


def register(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", connect: Connect = HttpTransport
) -> None:
    """Add `conformance`."""
    text = "check a learning record store against xAPI"
    parser = subparsers.add_parser(
        "conformance",
        help=text,
        description=f"{text[0].upper()}{text[1:]}, from outside; any store. "
        "It writes: use a store made for it. Exit code 1: a check failed.",
    )
    parser.add_argument("url", nargs="?", help="the xAPI endpoint, as https://host/xapi")
    parser.add_argument("--user", metavar="NAME", help="the user name of the client")
    password = parser.add_mutually_exclusive_group()
    password.add_argument(
        "--password-file", metavar="FILE", default=PROMPT, help=f"holds the password (default: {PROMPT})"
    )
    password.add_argument(
        "--password",
        help="the password itself; who else is on this machine can read it: not for one that matters",
    )
    parser.add_argument("--version", choices=VERSIONS, default="2.0", help="of xAPI (default: 2.0)")
    parser.add_argument(
        "--section", help="only this: a requirement (XAPI-00113) or a section of the specification (Data 2.4)"
    )
    parser.add_argument(
        "--list", action="store_true", help="list the requirements that are covered, and stop"
    )
    parser.add_argument("--list-uncovered", action="store_true", help="list those that are not, and stop")
    parser.add_argument(
        "--attempts",
        type=_positive,
        default=1,
        metavar="N",
        help="tries of a check, a second apart (default: 1)",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=SECONDS,
        metavar="SECONDS",
        help=f"of a request (default: {SECONDS:g})",
    )
    parser.add_argument("--keep", action="store_true", help="do not void the statements of the run")
    parser.add_argument("--run-id", metavar="ID", help="repeat a run that broke off (default: a new one)")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(run=lambda args: _run(args, connect))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _run(args: argparse.Namespace, connect: Connect) -> int:
    version = VERSIONS[args.version]
    if args.list or args.list_uncovered:
        _show_requirements(args, version)
        return 0
    if not args.url or not args.user:
        raise CommandFailed("Name the endpoint and --user; --list-uncovered needs neither.")
    try:
        checks = plan(version, args.section)
    except UnknownSection as error:
        raise CommandFailed(str(error)) from error
    run_id = args.run_id or uuid4().hex
    password = _password(args.password_file) if args.password is None else args.password
    with closing(connect(args.url, args.user, password, args.timeout)) as transport:
        if not args.json:
            print(f"xAPI {version}, {plural(len(checks), 'check')}, run {printable(run_id)}")
        outcomes = [_outcome(check, transport, version, run_id, args) for check in checks]
        voided = 0 if args.keep else _clean(transport, version, run_id)
    _show_report(args, version, run_id, outcomes, voided)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def _outcome(
    check: str, transport: Transport, version: XapiVersion, run_id: str, args: argparse.Namespace
) -> Outcome:
    """Runs one check; a failure is shown at once."""
    outcome = run_check(check, transport, version, run_id, args.attempts)
    if not args.json and not outcome.passed:
        _show_failure(outcome)
    return outcome


def _password(source: str) -> str:
    if source == PROMPT:
        return getpass.getpass("Password: ")
    try:
        return Path(source).read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"The password file {source} cannot be read: {error}") from error


def _clean(transport: Transport, version: XapiVersion, run_id: str) -> int:
    """Voids what the run left and returns how many statements that were."""
    total = 0
    for _ in range(MOST_CLEANINGS):
        voided = clean(transport, version, run_id)
        total += voided
        if not voided:
            break
    return total


def _show_requirements(args: argparse.Namespace, version: XapiVersion) -> None:
    chosen = uncovered(version) if args.list_uncovered else covered(version)
    if args.json:
        show_json(
            [
                {
                    "requirement": one.id,
                    "section": one.section_in(version),
                    "title": one.title,
                    **({"reason": one.not_covered} if args.list_uncovered else {}),
                }
                for one in chosen
            ]
        )
        return
    title = (
        f"xAPI {version}: {plural(len(chosen), 'requirement')} {'not ' if args.list_uncovered else ''}covered"
    )
    columns = ["requirement", "section", "title"]
    rows: Iterable[list[str]] = [[one.id, one.section_in(version), one.title] for one in chosen]
    if args.list_uncovered:
        columns.append("why")
        rows = [[*row, one.not_covered] for row, one in zip(rows, chosen, strict=True)]
    show_table(title, columns, rows)


def _show_failure(outcome: Outcome) -> None:
    print(f"\nFAILED {outcome.check} ({outcome.section})")
    print(f"  {outcome.title}.")
    print(f"  {printable(outcome.reason)}", flush=True)


def _show_report(
    args: argparse.Namespace, version: XapiVersion, run_id: str, outcomes: list[Outcome], voided: int
) -> None:
    failed = [outcome for outcome in outcomes if not outcome.passed]
    requirements = {outcome.requirement for outcome in outcomes}
    unmet = {outcome.requirement for outcome in failed}
    counts = {
        "checks": len(outcomes),
        "passed": len(outcomes) - len(failed),
        "failed": len(failed),
        "requirements": len(requirements),
        "requirements_not_met": len(unmet),
        "statements_voided": voided,
    }
    if args.json:
        show_json(
            {"version": version, "run": run_id, **counts, "outcomes": [asdict(one) for one in outcomes]}
        )
        return
    print(
        f"\n{counts['passed']} of {plural(len(outcomes), 'check')} passed, {len(failed)} failed; "
        f"{len(requirements) - len(unmet)} of {plural(len(requirements), 'requirement')} met. "
        f"{plural(voided, 'statement')} voided."
    )
    if failed:
        print("See each above; run one again with --section.", file=sys.stderr)
