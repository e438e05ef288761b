"""Finds the users of a deployment: of a stage on AWS, of a named table, or of the local stack."""

import os

from chalicelib.adapters.dynamodb_accounts import DynamoDBAccounts
from infra.cli.console import CommandFailed
from infra.cli.stack_outputs import answers_of_aws, aws_client, find_stack

TABLE_OUTPUT = "AccountsTableName"


def open_store(stage: str | None) -> DynamoDBAccounts:
    """The accounts of the stage, else of the table named by ACCOUNTS_TABLE, else of the local stack.

    Raises `CommandFailed`, or `LocalStackError` where no local stack has been made.
    """
    named = os.environ.get("ACCOUNTS_TABLE")
    if named and not stage:
        with answers_of_aws():
            return DynamoDBAccounts(aws_client("dynamodb"), named)
    client, stack = find_stack(stage)
    table = stack.outputs.get(TABLE_OUTPUT)
    if table is None:
        raise CommandFailed(f"the stack has no output {TABLE_OUTPUT}; deploy it again")
    return DynamoDBAccounts(client("dynamodb"), table)
