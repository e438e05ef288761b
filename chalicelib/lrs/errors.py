"""What the record store refuses; `chalicelib.web.error_map` turns each into a status."""

from collections.abc import Sequence

from chalicelib.errors import Forbidden, Invalid, LightrailError


class InvalidStatements(Invalid):
    """Statements that xAPI does not allow, every fault by its path; answered with 400. The text names the first."""

    def __str__(self) -> str:
        return f"{next(iter(self.faults), 'statements')}: {super().__str__()}"


class StatementConflict(LightrailError):
    """An id is stored with other content; nothing of the request is stored; answered with 409."""

    def __init__(self, statement_id: str) -> None:
        self.statement_id = statement_id
        super().__init__(
            f"Statement {statement_id} is stored with other content; send it under another id, nothing was stored."
        )


class MissingPermission(Forbidden):
    """The caller is known, and has none of the permissions that the call needs; answered with 403."""

    def __init__(self, permissions: Sequence[str]) -> None:
        self.permissions = tuple(permissions)
        super().__init__(
            f"This client may not do that: one of these permissions is needed: {', '.join(permissions)}."
        )


class TooLarge(LightrailError):
    """More than one request may hold; answered with 413."""


class StateConflict(LightrailError):
    """What is asked does not go with the state that something is in; answered with 409."""
