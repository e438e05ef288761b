"""What a command talks to: the deployment on the local stack, its AWS clients and its outputs."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from infra.cli.console import CommandFailed
from infra.local.description import Description

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.ports.ledger import Ledger

ATTEMPTS = 3


class LocalDeployment:
    """The application as it is deployed on a local stack."""

    def __init__(self, description: Description) -> None:
        self._description = description

    def client(self, service: Any, attempts: int = ATTEMPTS) -> Any:
        """Return the boto3 client of a service; a person waits, so it gives up within half a minute."""
        import boto3
        from botocore.config import Config

        found = self._description
        return boto3.client(
            service,
            endpoint_url=found.aws_endpoint_url,
            region_name=found.region,
            aws_access_key_id=found.aws_access_key_id,
            aws_secret_access_key=found.aws_secret_access_key,
            config=Config(
                connect_timeout=3,
                read_timeout=8,
                retries={"mode": "standard", "total_max_attempts": attempts},
                s3={"addressing_style": "path"},
            ),
        )

    @cached_property
    def outputs(self) -> "Mapping[str, str]":
        """The outputs of the CloudFormation stack. Raises CommandFailed."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            stacks = self.client("cloudformation").describe_stacks(StackName=self._description.stack_name)
        except (BotoCoreError, ClientError) as error:
            raise CommandFailed(
                f"the local stack does not answer ({error}); `make up` starts and deploys it"
            ) from error
        return {item["OutputKey"]: item["OutputValue"] for item in stacks["Stacks"][0].get("Outputs", [])}

    def ledger(self) -> "Ledger":
        """Return the ledger of the deployment."""
        from chalicelib.adapters.dynamodb_ledger import DynamoLedger
        from chalicelib.adapters.system_clock import SystemClock

        return DynamoLedger(self.client("dynamodb"), self.outputs["LedgerTableName"], SystemClock())
