"""Presigned uploads: what the address says is what S3 will hold the client to."""

from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.adapters import s3_upload_links


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example-of-no-use")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_the_length_is_signed_and_no_checksum_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    links = s3_upload_links.S3UploadLinks(s3_upload_links.make_client(), "bucket")
    address = urlsplit(links.upload_link("uploads/ab12", 700, 3600))
    signed = parse_qs(address.query)
    assert address.scheme == "https"
    assert address.path.endswith("/uploads/ab12")
    assert signed["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert signed["X-Amz-SignedHeaders"] == ["content-length;host"]
    assert signed["X-Amz-Expires"] == ["3600"]
    assert not [name for name in signed if "checksum" in name.lower()]
