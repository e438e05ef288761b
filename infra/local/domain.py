"""The documented address on the emulator: a custom domain named after the host, with the base path `api`."""

from typing import TYPE_CHECKING

from infra.local.description import LocalAddresses

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient

_DOMAIN = "127.0.0.1"
# Never the empty base path: everything else on the port must stay AWS.
_BASE_PATH = "api"


def map_documented_paths(addresses: LocalAddresses, rest_api_id: str, stage: str) -> str:
    """Let `/api/v1/…` on the emulator's port reach a stage of the API; return the address before `/api`."""
    import boto3

    client = boto3.client(
        "apigateway",
        endpoint_url=addresses.aws_endpoint_url,
        region_name=addresses.region,
        aws_access_key_id=addresses.aws_access_key_id,
        aws_secret_access_key=addresses.aws_secret_access_key,
    )
    found = _mapped(client)
    if found is not None and found != (rest_api_id, stage):  # an earlier deployment, whose API is gone
        client.delete_base_path_mapping(domainName=_DOMAIN, basePath=_BASE_PATH)
    if found != (rest_api_id, stage):
        client.create_base_path_mapping(
            domainName=_DOMAIN, basePath=_BASE_PATH, restApiId=rest_api_id, stage=stage
        )
    return addresses.aws_endpoint_url


def _mapped(client: "APIGatewayClient") -> tuple[str, str] | None:
    """Return the API and stage that the base path leads to; makes the domain if there is none."""
    try:
        client.get_domain_name(domainName=_DOMAIN)
    except client.exceptions.NotFoundException:
        client.create_domain_name(domainName=_DOMAIN)
    try:
        mapping = client.get_base_path_mapping(domainName=_DOMAIN, basePath=_BASE_PATH)
    except client.exceptions.NotFoundException:
        return None
    return mapping.get("restApiId", ""), mapping.get("stage", "")
