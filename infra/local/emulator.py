"""The AWS emulator from packages: how it is started and asked for its health."""

import shutil
import time
import urllib.request
from pathlib import Path

from infra.local.daemon import Command, Daemon
from infra.local.errors import LocalStackError, log_tail
from infra.local.progress import Task

REGION = "eu-west-1"
ACCOUNT_ID = "123456789012"
# Id and secret of the account's root: the one name for it that the emulator knows from the start.
KEY = "test"

START_SECONDS = 60.0
# It writes its state when it is asked to stop; a full day's state takes a second or two.
STOP_SECONDS = 60.0
# Its workers outlive it by up to three seconds.
WORKER_SECONDS = 5.0


def command(python: Path, root: Path, port: int, *, enforce_roles: bool) -> Command:
    """Build the command of an emulator whose state, objects and temporary files live under `root`."""
    own = root / "emulator"
    environment = {
        # Nothing of the developer's own AWS settings may reach the handlers: they inherit this environment.
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(own / "home"),
        "LC_ALL": "C.UTF-8",
        "TMPDIR": str(own / "tmp"),
        "PYTHONUNBUFFERED": "1",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
        "MINISTACK_REGION": REGION,
        "AUTH": "true" if enforce_roles else "false",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(own / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(own / "s3"),
        "LOG_LEVEL": "WARNING",
    }
    return Command([str(python), "-m", "ministack"], environment, own)


def prepare(root: Path) -> None:
    """Make the emulator's directories; what an earlier run left in its temporary one is dropped."""
    forget_temporary(root)
    for name in ("state", "s3", "tmp", "home"):
        (root / "emulator" / name).mkdir(parents=True, exist_ok=True)


def forget_temporary(root: Path) -> None:
    """Drop the unpacked packages that every deployment leaves in the temporary directory."""
    shutil.rmtree(root / "emulator" / "tmp", ignore_errors=True)


def is_healthy(port: int) -> bool:
    """Tell whether the emulator answers on this port."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/_ministack/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_until_healthy(daemon: Daemon, port: int, task: Task) -> None:
    """Wait for the emulator; raises LocalStackError with the log's end if it fails."""
    started = time.monotonic()
    while daemon.pid() is None or not is_healthy(port):
        waited = time.monotonic() - started
        if daemon.pid() is None or waited > START_SECONDS:
            happened = "stopped" if daemon.pid() is None else f"did not answer within {START_SECONDS:.0f} s"
            raise LocalStackError(
                f"the AWS emulator {happened} while starting; the end of {daemon.log_file}:\n"
                f"{log_tail(daemon.log_file)}\nif its state is damaged, `make clean` starts from nothing"
            )
        task.update(f"starting the AWS emulator, {waited:.0f} s")
        time.sleep(0.05)
