"""The indexes in OpenSearch after a deployment: made, or given the fields that the release brings.

The functions do it, for they may use the domain; whoever deploys need not.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.workers.indexes import EVENT
from infra.deployment.stack import DeploymentError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# Each sees to the indexes that it works on.
FUNCTIONS = ("sweep", "record-sweep")


def ensure(client: "LambdaClient", stack_name: str, say: Callable[[str], None]) -> None:
    """Has the functions see to their indexes; may run again at any time. Raises DeploymentError."""
    say("Indexes")
    for name in FUNCTIONS:
        answer = client.invoke(FunctionName=f"{stack_name}-{name}", Payload=json.dumps(EVENT).encode())
        if "FunctionError" in answer:
            raise DeploymentError(
                f"{stack_name} is deployed, but {name} could not make or extend its indexes in OpenSearch: see its "
                "log; what this release writes may be refused until the same command has run again"
            )
