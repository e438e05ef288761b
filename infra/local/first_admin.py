"""The first administrator of a local stack, whose token `stack.json` holds."""

import secrets
from typing import TYPE_CHECKING

from chalicelib.accounts.service import Accounts
from chalicelib.adapters.system_clock import SystemClock
from chalicelib.errors import Invalid, Unauthenticated
from infra.local.description import Admin

if TYPE_CHECKING:
    from chalicelib.ports.accounts import AccountStore

EMAIL = "admin@example.com"


def ensure(store: "AccountStore", known: Admin | None) -> Admin:
    """Return the known administrator if the token still works, else one with a new token."""
    accounts = Accounts(store, SystemClock())
    if known is not None and _works(accounts, known):
        return known
    # Nobody is told the password: the token is what a local stack is used with.
    fields = {"name": "First administrator", "email": EMAIL, "password": secrets.token_urlsafe(32)}
    try:
        user, token = accounts.create_user(fields, admin=True)
    except Invalid:  # there already; its token is lost or was revoked
        user, token = accounts.renew_token(EMAIL)
    return Admin(email=user.email, token=token.reveal())


def _works(accounts: Accounts, admin: Admin) -> bool:
    try:
        return accounts.authenticate(f"Bearer {admin.token}").is_admin
    except Unauthenticated:
        return False
