"""What a client may do: the permissions by name, what each gives, and what each call needs."""

from collections.abc import Collection, Mapping

_READS = frozenset(
    {
        "xapi/statements/read",
        "xapi/statements/read/mine",
        "xapi/state/read",
        "xapi/profile/read",
        "xapi/activities/read",
        "xapi/agents/read",
    }
)
_WRITES = frozenset({"xapi/statements/write", "xapi/state", "xapi/profile"})

GRANTS: Mapping[str, frozenset[str]] = {
    "xapi/statements/write": frozenset({"xapi/statements/write"}),
    "xapi/statements/read/mine": frozenset({"xapi/statements/read/mine", "xapi/activities/read"}),
    "xapi/statements/read": frozenset(
        {
            "xapi/statements/read/mine",
            "xapi/statements/read",
            "xapi/activities/read",
            "xapi/agents/read",
        }
    ),
    "xapi/state": frozenset({"xapi/state", "xapi/state/read", "xapi/activities/read"}),
    "xapi/profile": frozenset(
        {"xapi/profile", "xapi/profile/read", "xapi/activities/read", "xapi/agents/read"}
    ),
    "xapi/all/read": _READS,
    "xapi/all": _READS | _WRITES,
    "cmi5/tokens": frozenset({"cmi5/tokens"}),
    "data/all": frozenset({"data/all"}),
    "jobs/all": frozenset({"jobs/all"}),
    "logging/all": frozenset({"logging/all"}),
    "access/all": frozenset({"access/all"}),
}
"""The permissions of clients, and the rights that each gives.

A right has the name of the permission that is made for it; rights to read alone (`xapi/state/read`) have none of
their own. Who has `xapi/statements/read/mine` without `xapi/statements/read` sees what it recorded itself.
"""

PERMISSIONS: tuple[str, ...] = tuple(GRANTS)
RIGHTS: frozenset[str] = frozenset().union(*GRANTS.values())

OF_TOKENS = frozenset(
    {
        "xapi/statements/write",
        "xapi/statements/read/mine",
        "xapi/statements/read",
        "xapi/state",
        "xapi/profile",
    }
)
"""All that a cmi5 token can be given; it gets what its client has of it, for its own agent and activity."""

_OF_XAPI: Mapping[str, tuple[str, str]] = {
    "statements": ("xapi/statements/read/mine", "xapi/statements/write"),
    "activities/state": ("xapi/state/read", "xapi/state"),
    "activities/profile": ("xapi/profile/read", "xapi/profile"),
    "agents/profile": ("xapi/profile/read", "xapi/profile"),
    "activities": ("xapi/activities/read", ""),
    "agents": ("xapi/agents/read", ""),
}


def needed_by(resource: str, method: str) -> str:
    """The right that a method (upper case) on an xAPI resource needs. Raises KeyError for what there is not."""
    reading, writing = _OF_XAPI[resource]
    if method in ("GET", "HEAD"):
        return reading
    if not writing:
        raise KeyError(resource)
    return writing


def allows(permissions: Collection[str], needed: str) -> bool:
    """Whether one of the permissions gives the right; what is no right is never allowed."""
    return any(needed in GRANTS.get(permission, ()) for permission in permissions)


def giving(needed: str) -> tuple[str, ...]:
    """The permissions that give a right: any one of them will do. Raises KeyError for what is no right."""
    if needed not in RIGHTS:
        raise KeyError(needed)
    return tuple(permission for permission, given in GRANTS.items() if needed in given)


def of_token(permissions: Collection[str]) -> frozenset[str]:
    """The permissions of a cmi5 token that a client with these has issued."""
    return frozenset(name for name in OF_TOKENS if allows(permissions, name))
