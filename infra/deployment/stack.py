"""One CloudFormation stack: a change set, its execution, and what came of it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")

# States of a stack that was never made: it can only be deleted.
_STILLBORN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")

# What holds data: a change that removes or replaces one leaves its data behind, and the stack begins with nothing.
_DATA = ("AWS::DynamoDB::Table", "AWS::OpenSearchService::Domain", "AWS::S3::Bucket")


class DeploymentError(Exception):
    """The stack could not be deployed; the text says why and what to do."""


@dataclass(frozen=True)
class Deployed:
    """A stack as it is after a deployment."""

    stack_name: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]


class CloudFormationStack:
    """The stack named `name`; `say` hears of every resource as it changes, unless `show_events` is False."""

    def __init__(
        self,
        client: "CloudFormationClient",
        name: str,
        say: Callable[[str], None],
        poll_seconds: float,
        *,
        show_events: bool = True,
        leave_data: bool = False,
    ) -> None:
        """`leave_data`: a change may remove or replace what holds data."""
        self._client, self.name, self._say = client, name, say
        self._poll_seconds, self._show_events, self._leave_data = poll_seconds, show_events, leave_data

    def deploy(self, template_url: str, parameters: Mapping[str, str]) -> Deployed:
        """Make the stack, or change it where it differs; parameters not named keep their values.

        Raises DeploymentError.
        """
        current = self._describe()
        if current and current["StackStatus"] in _STILLBORN:
            raise DeploymentError(
                f"{self.name} is in state {current['StackStatus']} since an earlier deployment failed; "
                f"delete it (aws cloudformation delete-stack --stack-name {self.name}) and deploy again"
            )
        new = current is None or current["StackStatus"] == "REVIEW_IN_PROGRESS"
        # The time of the last event tells what is news.
        seen = self._event_ids()
        values = self._values(template_url, None if new else current, parameters)
        if self._change_set(template_url, values, new):
            self._wait_for_stack(seen)
        else:
            self._say(f"{self.name} is up to date")
        return self._deployed()

    def _describe(self) -> "StackTypeDef | None":
        try:
            return self._client.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"].get("Message", ""):
                return None
            raise

    def _values(
        self, template_url: str, current: "StackTypeDef | None", parameters: Mapping[str, str]
    ) -> list[Any]:
        known = {item["ParameterKey"] for item in self._template_parameters(template_url)}
        unknown = sorted(set(parameters) - known)
        if unknown:
            names = ", ".join(sorted(known))
            raise DeploymentError(f"the stack has no parameter {', '.join(unknown)}; it has: {names}")
        values: list[Any] = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ]
        before = {item["ParameterKey"] for item in (current.get("Parameters", []) if current else [])}
        kept = sorted((before & known) - set(parameters))
        return values + [{"ParameterKey": name, "UsePreviousValue": True} for name in kept]

    def _template_parameters(self, template_url: str) -> list[Any]:
        return list(self._client.validate_template(TemplateURL=template_url)["Parameters"])

    def _change_set(self, template_url: str, values: list[Any], new: bool) -> bool:
        """Make and execute a change set; tell whether there was anything to change."""
        name = f"deploy-{time.time_ns()}"
        self._client.create_change_set(
            StackName=self.name,
            ChangeSetName=name,
            ChangeSetType="CREATE" if new else "UPDATE",
            TemplateURL=template_url,
            Parameters=values,
            # Roles are made; SAM is a transform.
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        while True:
            change_set = self._client.describe_change_set(StackName=self.name, ChangeSetName=name)
            if change_set["Status"] == "CREATE_COMPLETE":
                break
            if change_set["Status"] == "FAILED":
                reason = change_set.get("StatusReason", "")
                self._client.delete_change_set(StackName=self.name, ChangeSetName=name)
                if any(text in reason for text in _NO_CHANGES):
                    return False
                raise DeploymentError(f"CloudFormation refuses the change: {reason}")
            time.sleep(self._poll_seconds)
        if not new and not self._leave_data:
            self._refuse_loss(name)
        self._client.execute_change_set(StackName=self.name, ChangeSetName=name)
        return True

    def _refuse_loss(self, change_set: str) -> None:
        pages = self._client.get_paginator("describe_change_set").paginate(
            StackName=self.name, ChangeSetName=change_set
        )
        changes = [change.get("ResourceChange", {}) for page in pages for change in page.get("Changes", [])]
        lost = [
            f"{change.get('LogicalResourceId')} would be {'removed' if removed else 'replaced'}"
            for change in changes
            if change.get("ResourceType") in _DATA
            and ((removed := change.get("Action") == "Remove") or change.get("Replacement") == "True")
        ]
        if lost:
            self._client.delete_change_set(StackName=self.name, ChangeSetName=change_set)
            raise DeploymentError(
                f"nothing was changed, since {', '.join(lost)}: its data would stay behind, out of the stack's reach; "
                "if that is what you want, add --leave-data"
            )

    def _wait_for_stack(self, seen: set[str]) -> None:
        reasons: list[str] = []
        while True:
            stack = self._describe()
            reasons += self._news(seen)
            status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
            if not status.endswith("_IN_PROGRESS"):
                break
            time.sleep(self._poll_seconds)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            reason = stack.get("StackStatusReason", "") if stack else ""
            causes = "\n  ".join(reasons or [reason])
            raise DeploymentError(f"{self.name} ended in state {status}:\n  {causes}")

    def _event_ids(self) -> set[str]:
        return {event["EventId"] for event in self._events()}

    def _events(self) -> list[Any]:
        """The latest events, newest first; none if there is no stack."""
        try:
            return list(self._client.describe_stack_events(StackName=self.name)["StackEvents"])
        except ClientError as error:
            if "does not exist" in error.response["Error"].get("Message", ""):
                return []
            raise

    def _news(self, seen: set[str]) -> list[str]:
        """Tell what has happened since the last look; return the reasons of what failed."""
        reasons = []
        for event in reversed(self._events()):
            if event["EventId"] in seen:
                continue
            seen.add(event["EventId"])
            status, reason = event.get("ResourceStatus", ""), event.get("ResourceStatusReason", "")
            line = f"{event['LogicalResourceId']}: {status}"
            if status.endswith("_FAILED"):
                reasons.append(f"{line}: {reason}")
            if self._show_events:
                self._say(f"  {line}")
        return reasons

    def _deployed(self) -> Deployed:
        stack = self._describe()
        if stack is None:
            raise DeploymentError(f"{self.name} has been deleted meanwhile")
        return Deployed(
            self.name,
            {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])},
            {item["ParameterKey"]: item.get("ParameterValue", "") for item in stack.get("Parameters", [])},
        )
