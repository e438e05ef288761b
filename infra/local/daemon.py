"""A server process that outlives the command that started it."""

import contextlib
import hashlib
import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from infra.local.durable import write_atomically

# Every process of a part carries this variable, and its children inherit it: that tells our processes
# from a stranger that was given the same process id, and finds what a crash has left behind.
_MARK = "LIGHTRAIL_PART"
_KILL_SECONDS = 5.0
_POLL_SECONDS = 0.05
_KEPT_LOG_BYTES = 5_000_000


@dataclass(frozen=True)
class Command:
    """What to run: the arguments, the whole environment (nothing is inherited) and the working directory."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    directory: Path

    def fingerprint(self) -> str:
        """Return a digest that changes whenever anything about the command does."""
        return hashlib.sha256(json.dumps(asdict(self), default=str, sort_keys=True).encode()).hexdigest()


class Daemon:
    """One background process, known by a pid file; a stale pid file is recognised and ignored."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.log_file = root / "logs" / f"{name}.log"
        self._pid_file = root / "run" / f"{name}.json"
        self._mark = f"{name}@{root.resolve()}"

    def pid(self) -> int | None:
        """Return the process id if the process runs and is ours."""
        process = self._process()
        return process.pid if process else None

    def runs(self, command: Command) -> bool:
        """Tell whether the process runs and was started with exactly this command."""
        return self.pid() is not None and self._record().get("fingerprint") == command.fingerprint()

    def was_killed(self) -> bool:
        """Tell whether the process was started, is gone, and was never asked to stop."""
        return bool(self._record()) and self.pid() is None

    def start(self, command: Command) -> None:
        """Start the process in a session of its own, with its output in the log file."""
        self.sweep()
        self._keep_old_log()
        with self.log_file.open("ab") as log:
            # The shell ends at once and leaves the server to the system: nothing here must wait for it.
            launched = subprocess.run(
                ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", *command.arguments],
                env={**command.environment, _MARK: self._mark},
                cwd=command.directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                check=True,
            )
        record = {"pid": int(launched.stdout), "fingerprint": command.fingerprint()}
        write_atomically(self._pid_file, json.dumps(record).encode())

    def stop(self, grace_seconds: float, patience_seconds: float = 0.0) -> bool:
        """Ask the process to stop and wait for it; tell whether it went by itself.

        What it leaves behind has `patience_seconds` to go, then it is ended.
        """
        process = self._process()
        willing = True
        if process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
            willing = self._wait_until_gone([process], grace_seconds)
        self.sweep(patience_seconds if willing else 0.0)
        self._pid_file.unlink(missing_ok=True)
        return willing

    def sweep(self, patience_seconds: float = 0.0) -> None:
        """End every process of this part that is still there after it had its time to leave by itself."""
        self._wait_until_gone(self._marked(), patience_seconds)
        left = self._marked()
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._wait_until_gone(left, _KILL_SECONDS)

    def memory_bytes(self) -> int:
        """Return the resident memory of the process and its children."""
        total = 0
        for process in self._marked():
            with contextlib.suppress(psutil.Error):
                total += int(process.memory_info().rss)
        return total

    def _record(self) -> dict[str, object]:
        try:
            record = json.loads(self._pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def _process(self) -> psutil.Process | None:
        pid = self._record().get("pid")
        if not isinstance(pid, int):
            return None
        try:
            process = psutil.Process(pid)
        except psutil.NoSuchProcess:
            return None
        return process if self._is_ours(process) else None

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            alive = process.status() != psutil.STATUS_ZOMBIE
            return alive and process.environ().get(_MARK) == self._mark
        except (psutil.Error, OSError):
            return False

    def _wait_until_gone(self, processes: Sequence[psutil.Process], seconds: float) -> bool:
        # A zombie counts as gone: whether it is ever reaped is up to the machine's first process.
        deadline = time.monotonic() + seconds
        while any(self._is_ours(process) for process in processes):
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _marked(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _keep_old_log(self) -> None:
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        if self.log_file.exists() and self.log_file.stat().st_size > _KEPT_LOG_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
