"""Free ports on 127.0.0.1, chosen once and remembered beside the stack."""

import json
import random
import socket
import threading
from collections.abc import Collection
from pathlib import Path

from infra.local.durable import write_atomically
from infra.local.errors import LocalStackError

# Below the range from which Linux (32768) and macOS (49152) take ports for outgoing connections,
# so that a remembered port is still free after the stack was stopped for a while.
_FIRST, _LAST = 20000, 32000
_TRIES = 200


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose(taken: Collection[int] = ()) -> int:
    """Pick a free port at random, so that two stacks that start at once rarely meet."""
    for _ in range(_TRIES):
        port = random.randint(_FIRST, _LAST)  # noqa: S311 - not a secret
        if port not in taken and is_free(port):
            return port
    raise LocalStackError(f"no free port found on 127.0.0.1 between {_FIRST} and {_LAST}; stop some servers")


class RememberedPorts:
    """The ports of one stack by part name, kept in a JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = threading.Lock()  # the parts of a stack start side by side

    def _read(self) -> dict[str, int]:
        try:
            content = json.loads(self._path.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        if not isinstance(content, dict):
            return {}
        return {str(name): port for name, port in content.items() if isinstance(port, int)}

    def known(self, part: str) -> int | None:
        """Return the port of a part if one was chosen."""
        return self._read().get(part)

    def get(self, part: str) -> int:
        """Return the port of a part; the first call for it chooses one."""
        with self._writing:
            return self._read().get(part) or self._choose(part)

    def choose_anew(self, part: str) -> int:
        """Forget the port of a part, because others have taken it, and choose another."""
        with self._writing:
            return self._choose(part)

    def _choose(self, part: str) -> int:
        ports = self._read()
        ports[part] = choose(taken=list(ports.values()))
        write_atomically(self._path, json.dumps(ports, indent=2).encode())
        return ports[part]
