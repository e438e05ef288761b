"""What the record store refuses; `chalicelib.web.error_map` turns each into a status."""

from chalicelib.errors import Invalid, LightrailError


class InvalidStatements(Invalid):
    """Statements that xAPI does not allow, every fault by its path; answered with 400."""


class StatementConflict(LightrailError):
    """An id is stored with other content; nothing of the request is stored; answered with 409."""

    def __init__(self, statement_id: str) -> None:
        self.statement_id = statement_id
        super().__init__(
            f"Statement {statement_id} is stored with other content; send it under another id, nothing was stored."
        )
