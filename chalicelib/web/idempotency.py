"""POST calls under the header Idempotency-Key: made once, and answered again as they were answered first.

Source: draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
import json
import re
from collections.abc import Callable

from chalicelib.errors import Unavailable, WriteConflict
from chalicelib.ports.idempotency import KeptAnswer
from chalicelib.web import envelope
from chalicelib.web.call import Answer, Call
from chalicelib.web.refusals import Refusal

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY_CHARACTERS = 255
# A string of RFC 9651 as the draft has it, and what most clients send: the same without quotes.
_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"')
_PLAIN = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+")
# Nothing was done, or nobody knows: the same call may well go another way the next time.
_PASSING = (WriteConflict, Unavailable)


class MalformedKey(Refusal):
    """The header Idempotency-Key is no key; answered with 400."""

    def __init__(self) -> None:
        super().__init__(
            f"The header {HEADER} must hold one key of 1 to {KEY_CHARACTERS} visible ASCII characters, with or without "
            "double quotes around it; a UUID is a good one."
        )


def once(call: Call, caller: str, secret: bool, refused: Callable[[Exception], Answer]) -> Answer:
    """Makes the call unless it was made under its key before; then answers as it was answered.

    `caller`: whose key it is. `secret`: the call or its answer holds a secret, and no answer is kept. `refused`: the
    answer to an error. Raises what the handler raises, `MalformedKey`, `KeyInUse`, `Invalid`, `Unavailable`.
    """
    # Loaded by calls with such a key alone.
    from chalicelib.idempotency import KeyedCall

    keys = call.services.idempotency
    claimed = keys.claim(KeyedCall(caller, read_key(call.headers[HEADER.lower()]), _request(call), secret))
    if isinstance(claimed, KeptAnswer):
        return Answer(claimed.status, claimed.body, {**claimed.headers, REPLAYED: "true"})
    call.write_id = claimed.write_id
    try:
        answer = call.route.handler(call)
    except Exception as error:
        answer = refused(error)
        if secret or answer.status >= 500 or isinstance(error, _PASSING):
            keys.release(claimed)
        else:
            keys.keep(claimed, _kept(answer))
        raise
    if secret:
        keys.close(claimed)
    else:
        keys.keep(claimed, _kept(answer))
    return answer


def read_key(header: str) -> str:
    """The key in the header: `"abc"` and `abc` are the same. Raises `MalformedKey`."""
    text = header.strip()
    if quoted := _QUOTED.fullmatch(text):
        key = re.sub(r'\\(["\\])', r"\1", quoted[1])
    elif _PLAIN.fullmatch(text):
        key = text
    else:
        raise MalformedKey
    if len(key) > KEY_CHARACTERS:
        raise MalformedKey
    return key


def _request(call: Call) -> str:
    """A digest of method, path, query and body: of another request it is another."""
    head = [call.method, call.route.path, sorted(call.path_parameters.items()), sorted(call.values.items())]
    digest = hashlib.sha256(json.dumps(head).encode() + b"\0")
    digest.update(call.raw_body)
    return digest.hexdigest()


def _kept(answer: Answer) -> KeptAnswer:
    body = answer.body
    if body is not None and not isinstance(body, bytes):
        body = envelope.to_json(body).encode()
    return KeptAnswer(answer.status, answer.headers, body)
