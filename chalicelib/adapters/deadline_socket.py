"""Sockets whose every step ends by a deadline, however slowly the other side drips."""

import io
import queue
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

MAX_ADDRESSES = 4  # tried for one fetch


class Deadline:
    """A point in time, so many seconds from now."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds left. Raises `TimeoutError` when there are none."""
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left


class DeadlineSocket:
    """A connected socket as `http.client` uses it: all of an answer, its first line too, is read by the deadline.

    The connection ends with the file made from it, as that of a socket does.
    """

    def __init__(self, stream: socket.socket, read_seconds: float, deadline: Deadline) -> None:
        self._stream = stream
        self._read_seconds = read_seconds
        self._deadline = deadline
        self._handed_over = False

    def sendall(self, data: bytes) -> None:
        """Sends all of it. Raises `TimeoutError`, `OSError`."""
        self._stream.settimeout(min(self._read_seconds, self._deadline.left()))
        self._stream.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """The answer as a file, which ends the connection when it is closed."""
        if mode != "rb":
            raise ValueError("only for reading")
        self._handed_over = True
        return io.BufferedReader(_DeadlineReader(self._stream, self._read_seconds, self._deadline))

    def close(self) -> None:
        """Ends the connection, unless a file was made from it."""
        if not self._handed_over:
            self._stream.close()


class _DeadlineReader(io.RawIOBase):
    def __init__(self, stream: socket.socket, read_seconds: float, deadline: Deadline) -> None:
        self._stream = stream
        self._read_seconds = read_seconds
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        self._stream.settimeout(min(self._read_seconds, self._deadline.left()))
        return self._stream.recv_into(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


def connect_first(addresses: Sequence[str], port: int, seconds: float, deadline: Deadline) -> socket.socket:
    """A connection to the first of these addresses that answers, each within so many seconds.

    Nothing is resolved. Raises the last address's `OSError`.
    """
    failure: OSError = OSError("no address")
    for address in addresses[:MAX_ADDRESSES]:
        stream = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            stream.settimeout(min(seconds, deadline.left()))
            stream.connect((address, port))
        except OSError as error:
            stream.close()
            failure = error
        else:
            return stream
    raise failure


def resolve_name(host: str, seconds: float) -> list[str]:
    """The addresses of a host name, IPv4 first. Raises `OSError`, also when there is no answer in time.

    In a thread, which is left behind then: the system's resolver has no time limit of its own that one could set.
    """
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def resolve() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            answers.put(error)
        except UnicodeError:
            answers.put(OSError("no name that DNS takes"))
        else:
            answers.put(
                sorted({str(item[4][0]) for item in found}, key=lambda address: (":" in address, address))
            )

    threading.Thread(target=resolve, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError("the name was not resolved in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer
