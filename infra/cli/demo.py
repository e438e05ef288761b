"""`lightrail demo`: the whole way of a delta file and of a statement, shown on the local stack."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.cli import file_progress
from infra.cli.api import Api
from infra.cli.console import CommandFailed, open_report
from infra.cli.demo_result import Outcome, show
from infra.cli.deployment import LocalDeployment
from infra.cli.lrs_ready import record_and_read
from infra.local.stack import Stack, default_root

if TYPE_CHECKING:
    from infra.cli.file_progress import FileProgress
    from infra.local.description import Description
    from infra.local.progress import Report, Task

_SAMPLES = Path(__file__).resolve().parents[1] / "local" / "samples"
_SHOWN_ARTICLE = "12411116"
# Every article that the samples name: an earlier demo's are deleted, so that each run shows the same.
_ARTICLES = (_SHOWN_ARTICLE, "20750310", "0020750320", "20750330", "20750340", "20750350")
_FOLDER = "delta/demo-"
_PATIENCE_SECONDS = 120.0
_POLL_SECONDS = 0.25


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `lightrail demo`."""
    parser = subparsers.add_parser("demo", help="start all, send sample delta files, show what happened")
    parser.set_defaults(run=_demo)


def _demo(_: argparse.Namespace) -> int:
    from infra.local.application import put_up

    started = time.monotonic()
    with open_report() as report:
        stack = Stack(default_root(), report=report)
        description = put_up(stack, report)
        outcome = run(description, sorted(_SAMPLES.iterdir()), report)
    show(outcome, description, stack.description_file, time.monotonic() - started)
    return 0


def run(description: "Description", samples: Sequence[Path], report: "Report") -> Outcome:
    """Drop the samples into the bucket one after the other, and return what came of them."""
    if description.admin is None:
        raise CommandFailed("the stack has no administrator; `make up` makes one")
    api = Api(f"{description.api_url}/api", description.admin.token, name="the local stack")
    demo = Demo(api, LocalDeployment(description), description.bucket)
    with report.task("Clearing up") as task:
        demo.forget_earlier(report, task)
    with report.task("Sample files") as task:
        before: dict[str, str] = {}
        for sample in samples:
            demo.drop(sample)
            demo.wait(task)
            before = before or api.find("articles", _SHOWN_ARTICLE) or {}
    with report.task("Record store"):
        statements = [record_and_read(client) for client in description.lrs]
    after = api.find("articles", _SHOWN_ARTICLE) or {}
    failures = api.get("jobs", "failedjobs", per_page=100) or {}
    mine = [job for job in failures.get("jobs", []) if demo.is_mine(job["payload"]["file"])]
    return Outcome(_SHOWN_ARTICLE, demo.files(), mine, before, after, statements)


class Demo:
    """One run of the demo; its files have a folder of their own in the bucket."""

    def __init__(self, api: Api, deployment: LocalDeployment, bucket: str) -> None:
        self._api, self._bucket = api, bucket
        self._s3 = deployment.client("s3")
        self._ledger = deployment.ledger()
        self._folder = f"{_FOLDER}{time.strftime('%Y%m%d-%H%M%S')}/"
        self._dropped = 0
        self._accepted_before = self._ledger.control().seq

    def is_mine(self, name: str) -> bool:
        """Tell whether a file's name in the lists is one of this run."""
        return f"/{self._folder}" in name

    def forget_earlier(self, report: "Report", task: "Task") -> None:
        """Flush the failures of earlier demos and delete their articles."""
        failed = self._api.get("jobs", "failedfiles", per_page=500) or []
        others = [name for name in failed if f"/{_FOLDER}" not in name]
        if failed and not others:
            task.update("flushing the failures of an earlier demo")
            self._api.get("jobs", "flush")
        elif others:
            report.say(
                f"{len(others)} files of yours have failures; the demo leaves them as they are. "
                "If articles of the demo are among them, it will show more blocked entries."
            )
        for number in _ARTICLES:
            if self._api.find("articles", number) is not None:
                task.update(f"deleting article {number} of an earlier demo")
                self._api.find("articles", "delete", number)

    def drop(self, sample: Path) -> None:
        """Put a file into the bucket, as any other program would."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._s3.put_object(
                Bucket=self._bucket, Key=f"{self._folder}{sample.name}", Body=sample.read_bytes()
            )
        except (BotoCoreError, ClientError) as error:
            raise CommandFailed(f"the bucket does not take {sample.name}: {error}") from error
        self._dropped += 1

    def files(self) -> "list[FileProgress]":
        """Return this run's files as the ledger has them."""
        return file_progress.read(self._ledger, self.is_mine, after=self._accepted_before)

    def wait(self, task: "Task") -> None:
        """Wait until every entry of every dropped file has its outcome; CommandFailed if nothing moves."""
        seen: Any = None
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            files = self.files()
            total, waiting = sum(file.total for file in files), sum(file.waiting for file in files)
            task.update(
                f"{len(files)} of {self._dropped} accepted, {total - waiting} of {total} entries done"
            )
            task.advance(total - waiting, total)
            if len(files) == self._dropped and all(file.is_terminal for file in files):
                return
            if files != seen:
                seen, deadline = files, time.monotonic() + _PATIENCE_SECONDS
            if time.monotonic() > deadline:
                raise CommandFailed(
                    f"nothing has moved for {_PATIENCE_SECONDS:.0f} s: {len(files)} of {self._dropped} files "
                    f"accepted, {waiting} entries waiting. `lightrail stack status` names the logs that say why."
                )
            time.sleep(_POLL_SECONDS)
