"""Calls to DynamoDB: refusals of the moment are retried, an answer that fails to come is `Unavailable`."""

import random
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected
from botocore.parsers import ResponseParserError

from chalicelib.adapters.aws_answers import code_of
from chalicelib.errors import Unavailable
from chalicelib.ports.clock import Clock

PART = "The ledger"
# Seconds: 1.5 in all, enough for a transaction to end or a partition to split.
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.75)
KEYS_PER_GET = 100  # DynamoDB: BatchGetItem
CANCELED = "TransactionCanceledException"
LOST = "ConditionalCheckFailed"
_ANSWERS = frozenset({CANCELED, "ConditionalCheckFailedException", "ValidationException"})
"""Refusals that mean something to who sent the request."""

_TRANSIENT = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_TRANSIENT_REASONS = frozenset(
    {"None", "TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"}
)


class DynamoCalls:
    """Sends requests, each of which may be sent twice: a read, or a write that its sender knows again."""

    def __init__(self, client: Any, table: str, clock: Clock) -> None:
        self._client, self._table, self._clock = client, table, clock

    def send(self, operation: str, **request: Any) -> dict[str, Any]:
        """The answer of an operation of the client. Raises `ClientError` for a refusal that stays one.

        Raises `Unavailable` after the last try, and at once on a time-out: it has used up the time there was.
        """
        call: Callable[..., dict[str, Any]] = getattr(self._client, operation)
        for pause in (*PAUSES, None):
            try:
                return call(**request)
            except ClientError as error:
                if code_of(error) in _ANSWERS and not _is_transient(error):
                    raise
                reason = code_of(error)
                if not _is_transient(error):  # no right, no table, no valid key: trying again does not help
                    raise Unavailable(PART, reason) from error
            # A kept connection that the other side gave up meanwhile, or none that was taken.
            except (ConnectionClosedError, EndpointConnectionError) as error:
                reason = type(error).__name__
            except (HTTPClientError, NotConnected, ResponseParserError) as error:
                raise Unavailable(PART, type(error).__name__) from error
            self._wait(pause, reason)
        raise AssertionError("the last wait raises")

    def query(self, page: int | None = None, **request: Any) -> Iterator[dict[str, Any]]:
        """The items of a query, fetched in pages of `page` (None: of 1 MB) as far as they are taken."""
        request |= {"TableName": self._table} | ({"Limit": page} if page else {})
        while True:
            answer = self.send("query", **request)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def batch_get(self, keys: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The items under different keys, absent ones left out; what is left unprocessed is asked again."""
        for start in range(0, len(keys), KEYS_PER_GET):
            yield from self._chunk(keys[start : start + KEYS_PER_GET])

    def _chunk(self, keys: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for pause in (*PAUSES, None):
            wanted = {self._table: {"Keys": keys, "ConsistentRead": True}}
            answer = self.send("batch_get_item", RequestItems=wanted)
            yield from answer["Responses"].get(self._table, [])
            keys = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if not keys:
                return
            self._wait(pause, "UnprocessedKeys")

    def _wait(self, pause: float | None, reason: str) -> None:
        if pause is None:
            raise Unavailable(PART, reason)
        self._clock.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 (spreads tries, hides nothing)


def reasons_of(error: ClientError) -> list[dict[str, Any]]:
    """Why a transaction was cancelled: a `Code`, and the `Item` that was found, for each action in order."""
    reasons: Any = error.response.get("CancellationReasons", [])
    return list(reasons)


def _is_transient(error: ClientError) -> bool:
    if code_of(error) == CANCELED:
        return {reason.get("Code", "None") for reason in reasons_of(error)} <= _TRANSIENT_REASONS
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code_of(error) in _TRANSIENT or status >= 500
