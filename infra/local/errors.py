"""The one error of the local stack: what went wrong, where, and what to do."""

from pathlib import Path


class LocalStackError(Exception):
    """A part of the local stack could not be made, started or stopped; the text is for a person."""


def log_tail(log_file: Path, lines: int = 15) -> str:
    """Return the last lines of a log file, indented, or a note that there is none."""
    try:
        text = log_file.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return f"  (no log at {log_file})"
    return "\n".join(f"  | {line}" for line in text[-lines:]) or f"  ({log_file} is empty)"
