"""The application on a local stack: packaged, deployed, with those who may use it, described."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local import description, first_admin, lrs_clients
from infra.local.description import Description, LocalAddresses
from infra.local.durable import exclusive
from infra.local.errors import LocalStackError
from infra.local.progress import Report
from infra.local.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.ports.accounts import AccountStore
    from chalicelib.ports.lrs_access import AccessStore
    from infra.deployment.stack import Deployed
    from infra.packaging import Packaged

_BUILD = Path(__file__).resolve().parents[2] / "build"
_PACKAGING_SECONDS = 300.0


def put_up(stack: Stack, report: Report, parameters: Mapping[str, str] | None = None) -> Description:
    """Start the stack, deploy the application as it is in this checkout, and describe the result.

    `parameters` are those of the template, over the local defaults. Calling it again changes only what
    differs. Raises LocalStackError.
    """
    with stack.lock():
        # Packaging needs one core for a few seconds while the servers start.
        with ThreadPoolExecutor(max_workers=1) as pool:
            packaging = pool.submit(_package, report)
            addresses = stack.up()
            packaged = packaging.result()
        deployed = _deploy(addresses, packaged, report, parameters or {})
        found = Description(
            api_url=addresses.aws_endpoint_url,
            bucket=deployed.outputs["BucketName"],
            aws_endpoint_url=addresses.aws_endpoint_url,
            opensearch_url=addresses.opensearch_url,
            region=addresses.region,
            aws_access_key_id=addresses.aws_access_key_id,
            aws_secret_access_key=addresses.aws_secret_access_key,
            stack_name=deployed.stack_name,
        )
        known = None
        with suppress(LocalStackError):  # the first deployment, or a file of another version
            known = description.read(stack.description_file)
        client = _dynamodb_client(addresses)
        accounts = _account_store(client, deployed.outputs["AccountsTableName"])
        access = _access_store(client, deployed.outputs["AccessTableName"])
        found = replace(
            found,
            admin=first_admin.ensure(accounts, known.admin if known else None),
            lrs=lrs_clients.ensure(access, known.lrs if known else (), found.api_url),
        )
        description.write(stack.description_file, found)
    return found


def _package(report: Report) -> "Packaged":
    from infra.packaging import PackagingError, package

    with report.task("Package") as task:
        # Two stacks that come up at once share the directory.
        alone = exclusive(
            _BUILD / "lock",
            wait_seconds=_PACKAGING_SECONDS,
            on_wait=lambda: task.update("waiting for another command that packages"),
        )
        try:
            with alone:
                return package(_BUILD, say=task.update)
        except PackagingError as error:
            raise LocalStackError(f"packaging failed: {error}") from error


def _deploy(
    addresses: LocalAddresses, packaged: "Packaged", report: Report, parameters: Mapping[str, str]
) -> "Deployed":
    from botocore.exceptions import BotoCoreError, ClientError

    from infra.deploy import deploy_local
    from infra.deployment.stack import DeploymentError

    with report.task("Deployment") as task:
        try:
            return deploy_local(
                packaged,
                endpoint_url=addresses.aws_endpoint_url,
                region=addresses.region,
                access_key_id=addresses.aws_access_key_id,
                secret_access_key=addresses.aws_secret_access_key,
                opensearch_url=addresses.opensearch_url,
                parameters=parameters,
                say=task.update,
            )
        except (BotoCoreError, ClientError, DeploymentError) as error:
            raise LocalStackError(
                f"the deployment on the local stack failed: {error}\n"
                "`make clean` and the same command again deploy on an empty one"
            ) from error


def _account_store(client: "DynamoDBClient", table: str) -> "AccountStore":
    from chalicelib.adapters.dynamodb_accounts import DynamoDBAccounts

    return DynamoDBAccounts(client, table)


def _access_store(client: "DynamoDBClient", table: str) -> "AccessStore":
    from chalicelib.adapters.dynamodb_access import DynamoAccess

    return DynamoAccess(client, table)


def _dynamodb_client(addresses: LocalAddresses) -> "DynamoDBClient":
    import boto3

    return boto3.client(
        "dynamodb",
        endpoint_url=addresses.aws_endpoint_url,
        region_name=addresses.region,
        aws_access_key_id=addresses.aws_access_key_id,
        aws_secret_access_key=addresses.aws_secret_access_key,
    )
