"""Agents, Groups and what identifies them (Data 2.4.2; 2.0: 4.2.2.1)."""

from chalicelib.lrs.conformance.cases.rules import Rule, checks_of
from chalicelib.lrs.conformance.cases.values import NO_OBJECT, NO_TEXT
from chalicelib.lrs.conformance.samples import ABSENT, HOME

MBOX = "mailto:anna@example.org"
SHA1 = "0d3f7c8a9b1e2d4c5f60718293a4b5c6d7e8f901"
OPENID = f"{HOME}/people/anna"
ACCOUNT = {"homePage": HOME, "name": "anna"}


AGENTS = tuple(
    {"objectType": "Agent", name: value}
    for name, value in (("mbox", MBOX), ("mbox_sha1sum", SHA1), ("openid", OPENID), ("account", ACCOUNT))
)
GROUPS = tuple({**agent, "objectType": "Group"} for agent in AGENTS)
MEMBERS = [{"mbox": MBOX}, {"objectType": "Agent", "account": ACCOUNT}]

RULES = (
    Rule("XAPI-00003", "actor", "actor", (ABSENT, *NO_OBJECT)),
    Rule(
        "XAPI-00031",
        "actor-type",
        "actor",
        tuple({**AGENTS[0], "objectType": kind} for kind in ("Person", "Activity", "StatementRef", "")),
        (AGENTS[0], GROUPS[0], {"mbox": MBOX}),
    ),
    Rule("XAPI-00032", "object-type", "actor.objectType", (7, True, {}, ["Agent"]), ("Agent",)),
    Rule("XAPI-00033", "name", "actor.name", NO_TEXT, ("Anna Müller", "")),
    Rule(
        "XAPI-00034",
        "one-identifier",
        "actor",
        (
            {"objectType": "Agent", "name": "Anna"},
            {"objectType": "Agent", "mbox": MBOX, "openid": OPENID},
            {"objectType": "Agent", "mbox": MBOX, "mbox_sha1sum": SHA1},
            {"objectType": "Agent", "account": ACCOUNT, "openid": OPENID},
            {"objectType": "Agent", "account": ACCOUNT, "mbox_sha1sum": SHA1},
        ),
        AGENTS,
    ),
    Rule(
        "XAPI-00035",
        "anonymous-group",
        "actor",
        ({"objectType": "Group"}, {"objectType": "Group", "name": "A team"}),
        ({"objectType": "Group", "member": MEMBERS},),
    ),
    Rule(
        "XAPI-00036",
        "members",
        "actor",
        tuple(
            {"objectType": "Group", "member": member}
            for member in (
                "anna",
                {"mbox": MBOX},
                ["anna"],
                [{"name": "Anna"}],
                [{"objectType": "Group", "mbox": MBOX}],
                [{"mbox": "anna@example.org"}],
            )
        ),
        ({**GROUPS[0], "member": MEMBERS},),
    ),
    Rule(
        "XAPI-00037",
        "identified-group",
        "actor",
        (
            {"objectType": "Group", "mbox": MBOX, "openid": OPENID},
            {"objectType": "Group", "account": ACCOUNT, "mbox_sha1sum": SHA1},
            {"objectType": "Group", "mbox": MBOX, "account": ACCOUNT, "member": MEMBERS},
        ),
        GROUPS,
    ),
    Rule(
        "XAPI-00038",
        "mbox",
        "actor",
        tuple(
            {"mbox": value}
            for value in (
                "anna@example.org",
                "http://example.org/anna",
                "mailto:anna",
                "mailto:",
                "",
                7,
                [MBOX],
            )
        ),
        ({"mbox": MBOX},),
    ),
    Rule(
        "XAPI-00039",
        "mbox-sha1sum",
        "actor",
        tuple({"mbox_sha1sum": value} for value in (7, True, {"sum": SHA1}, [SHA1])),
        ({"mbox_sha1sum": SHA1},),
    ),
    Rule(
        "XAPI-00040",
        "openid",
        "actor",
        tuple({"openid": value} for value in ("anna", "", 7, {"id": OPENID}, "//example.org/anna")),
        ({"openid": OPENID},),
    ),
    Rule("XAPI-00041", "account", "actor", tuple({"account": value} for value in NO_OBJECT), AGENTS[3:]),
    Rule(
        "XAPI-00042",
        "home-page",
        "actor",
        (
            {"account": {"name": "anna"}},
            *({"account": {"homePage": value, "name": "anna"}} for value in ("example", "", 7, [HOME])),
        ),
        AGENTS[3:],
    ),
    Rule(
        "XAPI-00043",
        "account-name",
        "actor",
        (
            {"account": {"homePage": HOME}},
            *({"account": {"homePage": HOME, "name": value}} for value in (7, True, ["anna"])),
        ),
        AGENTS[3:],
    ),
    Rule(
        "XAPI-00065",
        "agent-as-object",
        "object",
        ({"mbox": MBOX}, {"account": ACCOUNT}, {"member": MEMBERS}),
        (AGENTS[0], AGENTS[3], GROUPS[1]),
    ),
)
CHECKS = checks_of(RULES)
