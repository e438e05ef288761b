"""A local stack: an AWS emulator and an OpenSearch node under one directory, started and stopped together."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infra.local import emulator, opensearch, ports
from infra.local.cache import emulator_python, opensearch_home
from infra.local.daemon import Command, Daemon
from infra.local.description import LocalAddresses
from infra.local.durable import exclusive
from infra.local.errors import LocalStackError
from infra.local.progress import Report, SilentReport, Task

_LOCK_WAIT_SECONDS = 900.0
_START_ATTEMPTS = 3
_OWN = ("stack.json", "ports.json", "run", "logs", "opensearch", "emulator", "package")


@dataclass(frozen=True)
class PartStatus:
    """One server of a stack as it is now; `pid` None means that it does not run."""

    name: str
    port: int
    pid: int | None
    healthy: bool
    memory_bytes: int
    log_file: Path


class Stack:
    """The local stack under `root`; stacks with different roots run side by side.

    `enforce_roles` makes the emulator refuse what a function's execution role does not allow.
    """

    def __init__(self, root: Path, *, enforce_roles: bool = False, report: Report | None = None) -> None:
        self.root = root.resolve()
        self._enforce_roles = enforce_roles
        self._report = report or SilentReport()
        self._ports = ports.RememberedPorts(self.root / "ports.json")
        self._emulator = Daemon("emulator", self.root)
        self._opensearch = Daemon("opensearch", self.root)

    @property
    def description_file(self) -> Path:
        """The file in which the running stack describes itself."""
        return self.root / "stack.json"

    def addresses(self) -> LocalAddresses:
        """Return where the parts listen; the first call chooses the ports."""
        return LocalAddresses(
            root=self.root,
            aws_endpoint_url=f"http://127.0.0.1:{self._ports.get('emulator')}",
            opensearch_url=f"http://127.0.0.1:{self._ports.get('opensearch')}",
            region=emulator.REGION,
            account_id=emulator.ACCOUNT_ID,
            aws_access_key_id=emulator.KEY,
            aws_secret_access_key=emulator.KEY,
        )

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other command off this stack; a second one waits and says so."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with exclusive(
            self.root / "lock",
            wait_seconds=_LOCK_WAIT_SECONDS,
            on_wait=lambda: self._report.say(f"Another command works on {self.root}: waiting for it."),
        ):
            yield

    def up(self) -> LocalAddresses:
        """Start what does not run yet, both parts side by side, and return when both take requests.

        Calling it again changes nothing. Raises LocalStackError. The caller holds the lock.
        """
        if self._emulator.was_killed():
            self._report.say(
                "The AWS emulator ended without saving: it goes on from its last `make down`, "
                "so the ledger may lag behind the articles (`make clean` starts both from nothing)."
            )
        with ThreadPoolExecutor(max_workers=2) as pool:
            parts = [pool.submit(self._up_opensearch), pool.submit(self._up_emulator)]
            faults = [str(fault) for part in parts if (fault := _local_fault(part.exception()))]
        if faults:
            raise LocalStackError("\n\n".join(faults))
        return self.addresses()

    def down(self) -> None:
        """Stop both parts; their state stays on disk. The caller holds the lock."""
        with self._report.task("Stopping") as task, ThreadPoolExecutor(max_workers=2) as pool:
            task.update("the AWS emulator writes its state")
            node = pool.submit(self._opensearch.stop, opensearch.STOP_SECONDS)
            saved = pool.submit(self._stop_emulator)
            node.result()
            if not saved.result():
                self._report.say(
                    "The AWS emulator did not stop in time: what it held since its last stop is lost."
                )

    def clean(self) -> None:
        """Stop both parts and forget everything that they stored. The caller holds the lock."""
        self.down()
        for name in _OWN:
            path = self.root / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def status(self) -> list[PartStatus]:
        """Return both parts as they are now; needs no lock and chooses no ports."""
        found = []
        for daemon, healthy in (
            (self._opensearch, opensearch.is_healthy),
            (self._emulator, emulator.is_healthy),
        ):
            port, pid = self._ports.known(daemon.name), daemon.pid()
            found.append(
                PartStatus(
                    name=daemon.name,
                    port=port or 0,
                    pid=pid,
                    healthy=bool(pid and port and healthy(port)),
                    memory_bytes=daemon.memory_bytes() if pid else 0,
                    log_file=daemon.log_file,
                )
            )
        return found

    def _up_opensearch(self) -> None:
        with self._report.task("OpenSearch") as task:
            home = opensearch_home(task)

            def command(port: int) -> Command:
                return opensearch.command(home, self.root, port)

            self._start(
                self._opensearch,
                command,
                lambda: opensearch.prepare(self.root),
                lambda port: opensearch.wait_until_healthy(self._opensearch, port, task),
                opensearch.STOP_SECONDS,
                task,
            )
            opensearch.configure(self._ports.get("opensearch"))

    def _up_emulator(self) -> None:
        with self._report.task("AWS emulator") as task:
            python = emulator_python(task)

            def command(port: int) -> Command:
                return emulator.command(python, self.root, port, enforce_roles=self._enforce_roles)

            self._start(
                self._emulator,
                command,
                lambda: emulator.prepare(self.root),
                lambda port: emulator.wait_until_healthy(self._emulator, port, task),
                emulator.STOP_SECONDS,
                task,
            )

    def _start(
        self,
        daemon: Daemon,
        command: Callable[[int], Command],
        prepare: Callable[[], None],
        wait: Callable[[int], None],
        stop_seconds: float,
        task: Task,
    ) -> None:
        port = self._ports.get(daemon.name)
        if daemon.runs(command(port)):
            with contextlib.suppress(LocalStackError):
                wait(port)
                return
            task.update("it runs but does not answer: starting it again")
        elif daemon.pid() is not None:
            task.update("its settings have changed: starting it again")
        daemon.stop(stop_seconds)
        prepare()
        for attempt in range(1, _START_ATTEMPTS + 1):
            if not ports.is_free(port):
                self._report.say(f"Port {port} is used by another program: {daemon.name} gets another one.")
                port = self._ports.choose_anew(daemon.name)
            daemon.start(command(port))
            try:
                wait(port)
                return
            except LocalStackError:
                daemon.stop(stop_seconds)
                # Another program may have taken the port between the look and the start: that, and
                # nothing else, is worth another try.
                if attempt == _START_ATTEMPTS or ports.is_free(port):
                    raise

    def _stop_emulator(self) -> bool:
        saved = self._emulator.stop(emulator.STOP_SECONDS, patience_seconds=emulator.WORKER_SECONDS)
        emulator.forget_temporary(self.root)
        return saved


def _local_fault(fault: BaseException | None) -> LocalStackError | None:
    """Let a fault of this program through as it is; return one that is meant for the person."""
    if fault is None or isinstance(fault, LocalStackError):
        return fault
    raise fault


def default_root() -> Path:
    """Return the directory of the developer's stack: LIGHTRAIL_ROOT, else `.local` right here."""
    return Path(os.environ.get("LIGHTRAIL_ROOT", ".local"))
