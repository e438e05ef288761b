"""What HTTP itself refuses, before any rule of the domain is asked."""

from chalicelib.errors import LightrailError


class Refusal(LightrailError):
    """A call that is refused for its form; `status` and the text are what the client sees."""

    status = 400


class BrokenJson(Refusal):
    """The body is not JSON; answered with 400."""


class UnknownRoute(Refusal):
    """No such path; answered with 404."""

    status = 404

    def __init__(self) -> None:
        super().__init__("There is nothing at this path; /openapi.json lists what there is.")


class MethodNotAllowed(Refusal):
    """The path is there, the method is not; answered with 405 and the methods that are."""

    status = 405

    def __init__(self, method: str, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed
        super().__init__(f"{method} is not supported here; supported: {', '.join(allowed)}.")


class TooLarge(Refusal):
    """The body is larger than the call takes; answered with 413."""

    status = 413


class UnsupportedMediaType(Refusal):
    """The body is of a kind that the call does not read; answered with 415."""

    status = 415


class NotAnAdmin(Refusal):
    """The caller is known, the call is for administrators; answered with 403 in its documented bare form."""

    status = 403

    def __init__(self) -> None:
        super().__init__("This action is unauthorized.")
