"""The gateway: what it answers by itself, and how it treats bodies."""

from infra.template.intrinsics import Json, ref, sub

STAGE = "api"

# Type of the gateway's answer: status (the gateway's own where none), message, further headers.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
RESPONSES: dict[str, tuple[int | None, str, dict[str, str]]] = {
    "MISSING_AUTHENTICATION_TOKEN": (404, "Not found.", {}),
    "RESOURCE_NOT_FOUND": (404, "Not found.", {}),
    "ACCESS_DENIED": (403, "This action is unauthorized.", {}),
    "UNAUTHORIZED": (401, "Unauthenticated.", {}),
    "EXPIRED_TOKEN": (401, "Unauthenticated.", {}),
    # Nothing here is signed: the gateway looks for a signature only where it knows no path.
    "INVALID_SIGNATURE": (404, "Not found.", {}),
    "BAD_REQUEST_BODY": (400, "The request body cannot be read.", {}),
    "BAD_REQUEST_PARAMETERS": (400, "The request's parameters cannot be read.", {}),
    "REQUEST_TOO_LARGE": (
        413,
        "The request is too large; a large delta file is uploaded: see POST /v1/delta-files/uploads.",
        {},
    ),
    "UNSUPPORTED_MEDIA_TYPE": (415, "This media type is not supported.", {}),
    "THROTTLED": (429, "Too many requests, try again later.", {"Retry-After": "'1'"}),
    "QUOTA_EXCEEDED": (429, "Too many requests, try again later.", {"Retry-After": "'3600'"}),
    "INTEGRATION_FAILURE": (503, "The service is not available at the moment, try again later.", {}),
    "INTEGRATION_TIMEOUT": (504, "The call took too long and was given up.", {}),
    "API_CONFIGURATION_ERROR": (500, "Server error.", {}),
    "DEFAULT_4XX": (None, "The request cannot be handled.", {}),
    "DEFAULT_5XX": (None, "Server error.", {}),
}


def gateway_responses(origin: object) -> Json:
    """What the gateway answers by itself: one envelope for every failure, as `GatewayResponses` of SAM.

    `origin` goes with it, quoted as the gateway wants it, so that a browser's script can read why.
    """
    headers = {"Access-Control-Allow-Origin": origin, "Cache-Control": "'no-cache, private'"}
    return {kind: _response(headers, *answer) for kind, answer in RESPONSES.items()}


def _response(headers: Json, status: int | None, message: str, more: dict[str, str]) -> Json:
    body = f'{{"status":"error","message":"{message}","data":null}}'
    response: Json = {
        "ResponseParameters": {"Headers": headers | more},
        "ResponseTemplates": {"application/json": body},
    }
    return response | ({"StatusCode": status} if status else {})


def resources() -> Json:
    """What is laid over Chalice's REST API."""
    # A fixed answer can name one origin only: the first of the list.
    first = {"Fn::Select": [0, {"Fn::Split": [",", ref("CorsOrigins")]}]}
    properties = {
        # Alarms find the API's metrics by its name.
        "Name": sub("${AWS::StackName}"),
        # Without it SAM makes a second stage, named `Stage`.
        "OpenApiVersion": "2.0",
        # Bodies reach the application as the bytes that were sent.
        "BinaryMediaTypes": ["*/*"],
        "GatewayResponses": gateway_responses(sub("'${Origin}'", Origin=first)),
    }
    return {"RestAPI": {"Properties": properties}}
