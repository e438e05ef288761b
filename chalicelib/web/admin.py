"""The calls of administrators: users and their tokens."""

from chalicelib.web import envelope, examples, reading, schemas
from chalicelib.web.call import Answer, Audience, Body, Call, Route, Success


def create_user(call: Call) -> Answer:
    """Creates a user with a first token."""
    user, token = call.services.accounts.create_user(reading.json_object(call))
    return envelope.success("User created", {"name": user.name, "token": token.reveal()}, 201)


def users(call: Call) -> Answer:
    """Lists all users."""
    return envelope.success("Users found", call.services.accounts.users())


def delete_user(call: Call) -> Answer:
    """Deletes a user; the e-mail stands in the body or in the query."""
    call.services.accounts.delete_user(reading.json_object(call).get("email", call.query.get("email")))
    return envelope.success("User deleted", None)


def renew_token(call: Call) -> Answer:
    """Revokes all tokens of a user and issues a new one."""
    user, token = call.services.accounts.renew_token(reading.json_object(call).get("email"))
    return envelope.success("Token renewed", {"name": user.name, "token": token.reveal()})


_NEW_TOKEN_EXAMPLE = {"name": "quis", "token": "<id>|<secret>"}


def _new_token(status: int, message: str, description: str) -> Success:
    schema = schemas.enveloped({"const": message}, schemas.ref("NewToken"))
    return Success(status, schema, examples.success(message, _NEW_TOKEN_EXAMPLE), description)


_EMAIL = Body(schemas.EMAIL_BODY, {"email": "muhammad.davis@example.org"})

ROUTES = (
    Route(
        "POST",
        "/v1/admin/create-user",
        "createUser",
        "Admin",
        Audience.ADMIN,
        "Create User (Admin)",
        create_user,
        _new_token(201, "User created", "The user's name and first token, which is shown this once."),
        "Creates a user. The password has 8 characters or more; an e-mail address is taken once, whatever its case.",
        Body(
            schemas.CREATE_USER_BODY,
            {"name": "quis", "email": "muhammad.davis@example.org", "password": "Z{Vz:Ui8"},
        ),
        secret=True,
    ),
    Route(
        "GET",
        "/v1/admin/users",
        "listUsers",
        "Admin",
        Audience.ADMIN,
        "Users List (Admin)",
        users,
        Success(
            200,
            schemas.enveloped({"const": "Users found"}, schemas.list_of(schemas.ref("User"))),
            examples.success("Users found", [examples.USER_ROW]),
            "All users, the oldest first, with names and times of their tokens.",
        ),
    ),
    Route(
        "DELETE",
        "/v1/admin/user",
        "deleteUser",
        "Admin",
        Audience.ADMIN,
        "Delete User (Admin)",
        delete_user,
        Success(
            200,
            schemas.enveloped({"const": "User deleted"}, {"type": "null"}),
            examples.success("User deleted", None),
            "The user and all tokens are gone.",
        ),
        "Deletes a user, who is refused from the next request on; administrators cannot be deleted. Where a body "
        "cannot be sent with DELETE, `email` may stand in the query instead.",
        _EMAIL,
        refusals=(403, 404, 409),
    ),
    Route(
        "POST",
        "/v1/admin/user/renew",
        "renewToken",
        "Admin",
        Audience.ADMIN,
        "Renew Token (Admin)",
        renew_token,
        _new_token(200, "Token renewed", "The user's name and only valid token, which is shown this once."),
        "Revokes all tokens of a user, effective at the next request, and issues a new one.",
        _EMAIL,
        refusals=(404, 409),
        secret=True,
    ),
)
