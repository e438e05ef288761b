"""Where the emulator differs from AWS: what its CloudFormation leaves out is set by its APIs."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.deployment.stack import Deployed
from infra.template.api import STAGE, gateway_responses
from infra.template.storage import LIFECYCLE_RULES

# The emulator finds a custom domain by the Host header: one of this name puts the API at its own address.
_DOMAIN = "127.0.0.1"

Client = Callable[[str], Any]


def adapt(template: dict[str, Any]) -> None:
    """Change what the emulator would be stopped by in a packaged template; nothing of it is less strict on AWS."""
    _allow_plain_http(template["Resources"])
    _name_batches(template["Resources"])
    _leave_concurrency(template["Resources"])


def _name_batches(resources: dict[str, Any]) -> None:
    """AWS lets whoever may send one message send ten; the emulator wants a right of its own for that."""
    for resource in resources.values():
        for policy in resource.get("Properties", {}).get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Action"] == ["sqs:SendMessage"]:
                    statement["Action"] = ["sqs:SendMessage", "sqs:SendMessageBatch"]


def _leave_concurrency(resources: dict[str, Any]) -> None:
    """The emulator takes a parameter for a text where it needs a number, and then polls no queue at all."""
    for resource in resources.values():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            event.get("Properties", {}).pop("ScalingConfig", None)


def _allow_plain_http(resources: dict[str, Any]) -> None:
    """The emulator speaks nothing else."""
    for name, resource in list(resources.items()):
        if resource.get("Type") in ("AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy"):
            document = resource["Properties"]["PolicyDocument"]
            document["Statement"] = [each for each in document["Statement"] if each["Sid"] != "TlsOnly"]
            if not document["Statement"]:
                del resources[name]


def fill(client: Client, deployed: Deployed) -> None:
    """Set time to live, lifecycle, gateway responses and custom domain; once more changes nothing."""
    outputs = deployed.outputs
    for table in ("Ledger", "Accounts", "Records", "Access", "Jobs"):
        _expire_items(client("dynamodb"), outputs[f"{table}TableName"])
    rules = [_api_rule(rule, deployed.parameters) for rule in LIFECYCLE_RULES]
    client("s3").put_bucket_lifecycle_configuration(
        Bucket=outputs["BucketName"], LifecycleConfiguration={"Rules": rules}
    )
    origin = deployed.parameters["CorsOrigins"].split(",")[0]
    _answer_in_envelope(client("apigateway"), outputs["RestAPIId"], origin)
    _serve_at_own_address(client("apigateway"), outputs["RestAPIId"])


def _expire_items(dynamodb: Any, table: str) -> None:
    found = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if found["TimeToLiveStatus"] not in ("ENABLED", "ENABLING"):
        specification = {"Enabled": True, "AttributeName": "expires_at"}
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=specification)


def _api_rule(rule: dict[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """A lifecycle rule in S3's own words: CloudFormation's differ a little, and may name a parameter."""
    rule = dict(rule)
    api = {"ID": rule.pop("Id"), "Filter": {"Prefix": rule.pop("Prefix", "")}}
    if "ExpirationInDays" in rule:
        days = rule.pop("ExpirationInDays")
        api["Expiration"] = {"Days": int(parameters[days["Ref"]] if isinstance(days, dict) else days)}
    if "ExpiredObjectDeleteMarker" in rule:
        api["Expiration"] = {"ExpiredObjectDeleteMarker": rule.pop("ExpiredObjectDeleteMarker")}
    return api | rule


def _answer_in_envelope(gateway: Any, api_id: str, origin: str) -> None:
    for kind, answer in gateway_responses(f"'{origin}'").items():
        headers = answer["ResponseParameters"]["Headers"].items()
        status = {"statusCode": str(answer["StatusCode"])} if "StatusCode" in answer else {}
        gateway.put_gateway_response(
            restApiId=api_id,
            responseType=kind,
            responseParameters={f"gatewayresponse.header.{name}": value for name, value in headers},
            responseTemplates=answer["ResponseTemplates"],
            **status,
        )
    gateway.create_deployment(restApiId=api_id, stageName=STAGE)


def _serve_at_own_address(gateway: Any, api_id: str) -> None:
    # Made anew each time: the API may be another one since the last deployment.
    if not _try(lambda: gateway.create_domain_name(domainName=_DOMAIN)):
        _try(lambda: gateway.delete_base_path_mapping(domainName=_DOMAIN, basePath=STAGE))
    gateway.create_base_path_mapping(domainName=_DOMAIN, basePath=STAGE, restApiId=api_id, stage=STAGE)


def _try(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError:
        return False
    return True
