"""Users over HTTP."""

import pytest

from tests.functional.gateway import Gateway
from tests.functional.stand_ins import StandIns


def test_a_revoked_token_is_refused_at_the_next_call(admin: Gateway, user: Gateway) -> None:
    assert user.call("GET", "/v1/jobs/jobs").status == 200
    assert admin.call("DELETE", "/v1/admin/user?email=user@example.org").status == 200
    assert user.call("GET", "/v1/jobs/jobs").status == 401


def test_the_body_goes_before_the_query(admin: Gateway, user: Gateway) -> None:
    answer = admin.call("DELETE", "/v1/admin/user?email=user@example.org", {"email": "nobody@example.org"})
    assert answer.status == 404
    assert user.call("GET", "/v1/jobs/jobs").status == 200


@pytest.mark.parametrize("email", ["autem", "nobody@example.org", 5, ["user@example.org"]])
def test_nobody_is_not_found(email: object, admin: Gateway) -> None:
    for method, path in (("DELETE", "/v1/admin/user"), ("POST", "/v1/admin/user/renew")):
        answer = admin.call(method, path, {"email": email})
        assert (answer.status, answer.json["data"]) == (404, None)


def test_without_an_email_nobody_is_meant(admin: Gateway) -> None:
    for method, path in (("DELETE", "/v1/admin/user"), ("POST", "/v1/admin/user/renew")):
        assert list(admin.call(method, path, {}).json["errors"]) == ["email"]


def test_an_admin_cannot_be_deleted_and_is_told_so_in_the_envelope(admin: Gateway) -> None:
    answer = admin.call("DELETE", "/v1/admin/user", {"email": "ADMIN@example.org"})
    assert answer.status == 403
    assert answer.json == {"status": "error", "message": "Admin users cannot be deleted", "data": None}


def test_a_taken_email_is_a_422(admin: Gateway, user: Gateway) -> None:
    fields = {"name": "x", "email": "User@Example.org", "password": "long enough"}
    answer = admin.call("POST", "/v1/admin/create-user", fields)
    assert (answer.status, list(answer.json["errors"])) == (422, ["email"])


def test_secrets_show_once_and_never_in_the_log(admin: Gateway, services: StandIns) -> None:
    fields = {"name": "x", "email": "x@example.org", "password": "a-very-secret-word"}
    created = admin.call("POST", "/v1/admin/create-user", fields)
    assert created.status == 201
    token = created.json["data"]["token"]
    listed = admin.call("GET", "/v1/admin/users").text
    for text in (listed, services.log_text()):
        assert token.split("|")[1] not in text
        assert "a-very-secret-word" not in text
        assert "scrypt" not in text
