"""Why work fails: each cause word of the ledger explained, with what a person can do about it."""

from dataclasses import dataclass

RETRY = "`lightrail retry`"
FLUSH = "`lightrail flush`"


@dataclass(frozen=True)
class Cause:
    """A cause of failures. `means`: what happened; `advice`: what to do."""

    word: str
    means: str
    advice: str


_ALL = (
    Cause(
        "rule",
        "The operation does not fit the article as it is: it exists already, or it does not exist.",
        f"Put the article right (or send the missing file first) and {RETRY}; or {FLUSH} it if it is not wanted.",
    ),
    Cause(
        "fault",
        "The entry itself is faulty: its operation, its number, or a key or value cannot be used.",
        f"No retry mends it: {FLUSH} it and send the corrected entry in a new file.",
    ),
    Cause(
        "refused",
        "The article store refuses the article that the entry would make, for instance because of its size.",
        f"Read the store's reason; {FLUSH} it and send a corrected entry, or mend the store and {RETRY}.",
    ),
    Cause(
        "overtaken",
        "A newer entry of the article was applied before this older one came; it was not applied, so that the "
        "newer values stay.",
        f"Compare the article with the entry; {FLUSH} it, and send what is still wanted in a new file.",
    ),
    Cause(
        "crash",
        "The entry ended its worker (memory or time) in each of three runs, and is not run again by itself.",
        f"Look at its size and values and at the log of the apply function, then {RETRY}; or {FLUSH} it.",
    ),
    Cause(
        "dead-letter",
        "The message of the entry (or of its retry) was given up by its queue: its workers died, or a part that "
        "they need was down for hours.",
        f"Look at the alarms of that time; when all parts answer again, {RETRY}.",
    ),
    Cause(
        "fetch",
        "The bytes of the file could not be read: the address was refused, answered with an error or not at all, "
        "or the object is gone.",
        f"Open the address yourself; when it answers, {RETRY} fetches the file again under a new number.",
    ),
    Cause(
        "format",
        "The file is no delta file: not UTF-8, not JSON, cut off, or neither an array nor lines of objects. "
        "Nothing of it was applied.",
        f"Mend the file where the error points (byte or line) and send it, then {FLUSH} this one. "
        "A retry fetches an address again; an object of the bucket is read as it was.",
    ),
    Cause(
        "size",
        "The file is larger than the deployment allows, packed or unpacked. Nothing of it was applied.",
        f"Send it in smaller parts, then {FLUSH} this one; or raise the limit, deploy, and {RETRY}.",
    ),
    Cause(
        "strict",
        "The file was sent as strict and has faulty entries. Nothing of it was applied.",
        f"Correct the entries that the error names and send the file again, then {FLUSH} this one.",
    ),
    Cause(
        "timeout",
        "The file made no progress in several runs of the file worker. Nothing of what was not sent is applied.",
        f"Look at the log of the file worker; {RETRY}, or send it in smaller parts and {FLUSH} this one.",
    ),
)

CAUSES = {cause.word: cause for cause in _ALL}
"""Every cause that the ledger may bear, by its word."""


def explain(word: str) -> Cause:
    """Return the explanation of a cause; of one that a newer version wrote, that it is not known here."""
    return CAUSES.get(word) or Cause(
        word or "unknown",
        "This version of the command does not know the cause.",
        "Read the errors; use the command of the version that is deployed.",
    )
