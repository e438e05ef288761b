"""Who is let in at the record store, and who is not."""

import base64
import logging
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Forbidden, NotFound, Unauthenticated
from chalicelib.lrs.access import guard as guard_module
from chalicelib.lrs.access.basic import MAX_HEADER_LENGTH, TOKEN_USER, basic_value, read_header
from chalicelib.lrs.access.effective import EffectiveOptions
from chalicelib.lrs.access.guard import Guard
from chalicelib.lrs.access.permissions import PERMISSIONS
from chalicelib.lrs.access.principal import Cmi5Session
from chalicelib.passwords import ScryptCost, hash_password, verify_password
from chalicelib.ports.lrs_access import ClientRecord, StoreRecord
from tests.doubles.access_store import InMemoryAccess

CHEAP = ScryptCost(n=2, r=1, p=1)
PASSWORD = "correct horse"
AGENT = {"objectType": "Agent", "mbox": "mailto:ada@example.org"}
SESSION = Cmi5Session("t1", AGENT, "https://example.org/activity")


class Tokens:
    """Tokens of clients by their ids."""

    def __init__(self) -> None:
        self.issued: dict[tuple[str, str], Cmi5Session] = {}

    def session(self, client: ClientRecord, value: str) -> Cmi5Session | None:
        return self.issued.get((client.id, value))


class Site:
    """Two stores with a client each, and a guard that is one process."""

    def __init__(self) -> None:
        self.store = InMemoryAccess()
        self.tokens = Tokens()
        for slug in ("north", "south"):
            self.store.put_store(StoreRecord(f"id-{slug}", slug, "v1", slug, 1.0), None)
        self.ada = client("ada", "north")
        self.bob = client("bob", "south", password="battery staple")
        for each in (self.ada, self.bob):
            self.store.put_client(each, None)
        self.guard = self.process()

    def process(self, options: EffectiveOptions | None = None) -> Guard:
        return Guard(self.store, lambda: self.tokens, options or EffectiveOptions(), CHEAP)

    def change(self, record: ClientRecord, **changes: object) -> ClientRecord:
        changed = replace(record, version=record.version + "+", **changes)  # type: ignore[arg-type]
        assert self.store.put_client(changed, record.version)
        return changed


def client(slug: str, store: str, password: str = PASSWORD, username: str = "") -> ClientRecord:
    return ClientRecord(
        f"id-{slug}",
        slug,
        "v1",
        slug.title(),
        store,
        1.0,
        username or f"user-{slug}",
        hash_password(password, CHEAP),
        permissions=frozenset(PERMISSIONS),
    )


def basic(username: str, password: str) -> str:
    return f"Basic {basic_value(username, password)}"


ADA = basic("user-ada", PASSWORD)
BOB = basic("user-bob", "battery staple")


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that were checked, slowly, one after the other."""
    checked: list[str] = []

    def check(password: str, stored: str) -> bool:
        checked.append(stored)
        return verify_password(password, stored)

    monkeypatch.setattr(guard_module, "verify_password", check)
    return checked


def test_a_client_is_let_in_with_what_it_may_do(site: Site) -> None:
    principal = site.guard.authenticate(ADA, "ada", "north")
    assert (principal.client, principal.store, principal.xapi_version) == ("ada", "north", "2.0.0")
    assert principal.permissions == set(PERMISSIONS)
    assert principal.cmi5 is None
    assert principal.authority == {
        "objectType": "Agent",
        "account": {"homePage": "https://lightrail.invalid/clients", "name": "ada"},
    }


def test_a_path_without_a_store_is_about_none(site: Site) -> None:
    assert site.guard.authenticate(ADA, "ada", "").store == ""


def test_the_store_says_which_version_a_request_without_one_is_told(site: Site) -> None:
    north = replace(site.store.read("", "north").store, version="v2", xapi_version="1.0")  # type: ignore[type-var]
    assert site.store.put_store(north, "v1")
    assert site.guard.authenticate(ADA, "ada", "north").xapi_version == "1.0.3"


@pytest.mark.parametrize(
    ("header", "client_slug", "store", "error"),
    [
        (None, "ada", "north", Unauthenticated),
        ("", "ada", "north", Unauthenticated),
        ("Bearer abc", "ada", "north", Unauthenticated),
        (basic("user-ada", "wrong password"), "ada", "north", Unauthenticated),
        (basic("user-ada", ""), "ada", "north", Unauthenticated),
        (basic("USER-ADA", PASSWORD), "ada", "north", Unauthenticated),
        (basic("nobody", PASSWORD), "ada", "north", Unauthenticated),
        (basic("nobody", PASSWORD), "nothing", "north", Unauthenticated),
        (basic("user-ada", "wrong password"), "bob", "south", Unauthenticated),
        (None, "nothing", "nowhere", Unauthenticated),
        (ADA, "bob", "south", Forbidden),
        (ADA, "bob", "north", Forbidden),
        (ADA, "bob", "", Forbidden),
        (ADA, "ada", "south", Forbidden),
        (ADA, "ada", "nowhere", NotFound),
        (ADA, "nothing", "north", NotFound),
        (ADA, "nothing", "", NotFound),
        (ADA, "", "", NotFound),
        (ADA, "a/b" * 1000, "north", NotFound),
        (ADA, "ada", "é" * 2000, NotFound),
    ],
)
def test_whoever_is_not_let_in_is_told_as_much_as_the_credentials_are_worth(
    site: Site, header: str | None, client_slug: str, store: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        site.guard.authenticate(header, client_slug, store)


def test_a_store_that_is_being_deleted_takes_no_more_calls(site: Site) -> None:
    north = StoreRecord("id-north", "north", "v2", "north", 1.0, status="deleting")
    assert site.store.put_store(north, "v1")
    with pytest.raises(Forbidden, match="is being deleted"):
        site.guard.authenticate(ADA, "ada", "north")


def test_a_password_is_hashed_once_in_a_process(site: Site, hashes: list[str]) -> None:
    for _ in range(3):
        site.guard.authenticate(ADA, "ada", "north")
    assert len(hashes) == 1
    site.process().authenticate(ADA, "ada", "north")
    assert len(hashes) == 2


def test_who_is_deleted_is_out_at_the_next_request(site: Site) -> None:
    site.guard.authenticate(ADA, "ada", "north")
    assert site.store.delete_client(site.ada)
    with pytest.raises(Unauthenticated):
        site.guard.authenticate(ADA, "ada", "north")


def test_an_old_password_is_out_at_the_next_request(site: Site) -> None:
    site.guard.authenticate(ADA, "ada", "north")
    site.change(site.ada, password_hash=hash_password("another password", CHEAP))
    with pytest.raises(Unauthenticated):
        site.guard.authenticate(ADA, "ada", "north")
    site.guard.authenticate(basic("user-ada", "another password"), "ada", "north")


def test_a_permission_taken_away_is_gone_at_the_next_request(site: Site) -> None:
    assert "xapi/all" in site.guard.authenticate(ADA, "ada", "north").permissions
    site.change(site.ada, permissions=frozenset({"xapi/state"}))
    assert site.guard.authenticate(ADA, "ada", "north").permissions == {"xapi/state"}


def test_a_client_moved_to_another_store_leaves_the_first(site: Site) -> None:
    site.guard.authenticate(ADA, "ada", "north")
    site.change(site.ada, store="south")
    with pytest.raises(Forbidden):
        site.guard.authenticate(ADA, "ada", "north")
    assert site.guard.authenticate(ADA, "ada", "south").store == "south"


def test_every_call_reads_client_and_store_once(site: Site) -> None:
    site.store.calls.clear()
    site.guard.authenticate(ADA, "ada", "north")
    site.guard.authenticate(ADA, "ada", "north")
    assert site.store.calls == ["read", "read"]


def test_the_process_remembers_no_password_and_not_without_bound(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_module, "REMEMBERED", 1)
    site.guard.authenticate(ADA, "ada", "north")
    site.guard.authenticate(BOB, "bob", "south")
    remembered = site.guard._remembered
    assert len(remembered) == 1
    assert all(len(digest) == 32 for digest in remembered)
    other = site.process()
    other.authenticate(BOB, "bob", "south")
    assert other._remembered.keys() != remembered.keys()


@pytest.mark.parametrize("username", ["user-ada", "nobody", "shared"])
def test_the_work_for_wrong_credentials_does_not_tell_which_clients_there_are(
    site: Site, hashes: list[str], username: str
) -> None:
    for slug in ("carl", "dora"):
        assert site.store.put_client(client(slug, "north", username="shared"), None)
    work = set()
    for path in ("ada", "bob", "carl", "dora", "nothing"):
        hashes.clear()
        site.store.calls.clear()
        with pytest.raises(Unauthenticated):
            site.guard.authenticate(basic(username, "wrong password"), path, "north")
        work.add((len(hashes), tuple(site.store.calls)))
    assert len(work) == 1


def test_clients_may_share_a_user_name_and_even_a_password(site: Site) -> None:
    for slug in ("carl", "dora"):
        assert site.store.put_client(client(slug, "north", username="shared"), None)
    for slug in ("carl", "dora"):
        assert site.guard.authenticate(basic("shared", PASSWORD), slug, "north").client == slug
    with pytest.raises(Forbidden):
        site.guard.authenticate(basic("shared", PASSWORD), "ada", "north")


# ---- cmi5 tokens

TOKEN = basic_value(TOKEN_USER, "s3cr3t-of-a-token")


@pytest.fixture
def issued(site: Site) -> Site:
    site.tokens.issued["id-ada", TOKEN] = SESSION
    return site


@pytest.mark.parametrize("guard_name", ["basic-http", "cmi5-token"])
def test_a_token_is_let_in_with_what_tokens_may_do(issued: Site, guard_name: str) -> None:
    issued.change(issued.ada, guard=guard_name)
    principal = issued.guard.authenticate(f"Basic {TOKEN}", "ada", "north")
    assert principal.cmi5 == SESSION
    assert principal.permissions == {
        "xapi/statements/write",
        "xapi/statements/read",
        "xapi/statements/read/mine",
        "xapi/state",
        "xapi/profile",
    }


def test_a_token_never_may_more_than_its_client(issued: Site) -> None:
    issued.change(issued.ada, permissions=frozenset({"cmi5/tokens", "xapi/state", "access/all"}))
    assert issued.guard.authenticate(f"Basic {TOKEN}", "ada", "north").permissions == {"xapi/state"}


def test_a_token_ends_with_the_right_to_issue_tokens(issued: Site) -> None:
    issued.change(issued.ada, permissions=frozenset({"xapi/all"}))
    with pytest.raises(Unauthenticated):
        issued.guard.authenticate(f"Basic {TOKEN}", "ada", "north")


@pytest.mark.parametrize(
    ("path", "store", "error"),
    [
        ("bob", "south", Unauthenticated),
        ("nothing", "north", Unauthenticated),
        ("ada", "south", Forbidden),
        ("ada", "nowhere", NotFound),
    ],
)
def test_a_token_is_good_at_its_own_client_and_store_alone(
    issued: Site, path: str, store: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        issued.guard.authenticate(f"Basic {TOKEN}", path, store)


def test_with_the_guard_for_tokens_a_password_issues_tokens_and_nothing_else(issued: Site) -> None:
    issued.change(issued.ada, guard="cmi5-token")
    assert issued.guard.authenticate(ADA, "ada", "north").permissions == {"cmi5/tokens"}


def test_an_unknown_token_is_nobody(issued: Site, hashes: list[str]) -> None:
    with pytest.raises(Unauthenticated):
        issued.guard.authenticate(f"Basic {basic_value(TOKEN_USER, 'another')}", "ada", "north")
    assert hashes == []


# ---- options, authority, origins


def test_a_deployment_sets_defaults_and_forces_values(site: Site) -> None:
    site.change(
        site.ada, pipeline={"void_statements": False, "query_targeting": True, "authority_name": "LMS"}
    )
    options = EffectiveOptions({"void_statements": True, "update_vocab": False}, {"query_targeting": False})
    principal = site.process(options).authenticate(ADA, "ada", "north")
    found = principal.options
    assert (found.void_statements, found.update_vocab, found.query_targeting) == (False, False, False)
    account = principal.authority["account"]
    assert isinstance(account, Mapping)
    assert account["name"] == "LMS"


def test_origins_are_the_clients_and_anyones_where_there_is_none(site: Site) -> None:
    site.change(site.ada, cors=("https://lms.example.com",))
    assert site.guard.allowed_origins("ada") == ("https://lms.example.com",)
    assert site.guard.authenticate(ADA, "ada", "north").cors == ("https://lms.example.com",)
    assert site.guard.allowed_origins("nothing") == ("*",)
    assert site.guard.allowed_origins("é" * 2000) == ("*",)


# ---- the header


@given(
    username=st.text(
        st.characters(exclude_categories=("Cc", "Cs"), exclude_characters=":"), min_size=1, max_size=60
    ),
    password=st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=60),
    scheme=st.sampled_from(["Basic", "basic", "BASIC", " Basic", "Basic "]),
)
def test_any_user_name_and_password_can_be_said(username: str, password: str, scheme: str) -> None:
    found = read_header(f"{scheme} {basic_value(username, password)} ")
    assert found is not None
    assert (found.username, found.password) == (username, password)
    assert f"Basic {found.value}" == basic(username, password)


@given(st.one_of(st.text(), st.binary().map(lambda raw: "Basic " + base64.b64encode(raw).decode())))
def test_whatever_stands_in_the_header_is_read_exactly_or_not_at_all(header: str) -> None:
    found = read_header(header)
    if found is not None:
        assert base64.b64decode(found.value) == f"{found.username}:{found.password}".encode()
        assert found.value in header


@given(st.text(max_size=80))
def test_no_header_is_more_than_a_refusal(header: str) -> None:
    site = Site()
    for value in (header, f"Basic {header}"):
        with pytest.raises(Unauthenticated):
            site.guard.authenticate(value, "ada", "north")


@pytest.mark.parametrize(
    "value",
    [
        "dXNlcjpwYXNz=",  # padding too much
        "dXNlcjpwYXN6Cg",  # padding missing
        "dXNlcjp wYXNz",  # blank within
        "dXNlcjpwYX%4z",
        "dXNlcg==",  # no colon
        "OnBhc3M=",  # no user name
        "dXNlcjpwYXN/",  # not UTF-8
        base64.b64encode(b"user:pa\x00ss").decode(),
        base64.b64encode(b"user:pass").decode().replace("=", "") + "\u00e9",
        "dXNlcjpwYXMx" * MAX_HEADER_LENGTH,
    ],
)
def test_a_value_that_is_not_exactly_basic_is_none(value: str) -> None:
    assert read_header(f"Basic {value}") is None


def test_no_secret_shows_itself(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    credentials = read_header(ADA)
    shown = f"{credentials!r} {site.ada!r} {site.guard!r} {site.guard.authenticate(ADA, 'ada', 'north')!r}"
    with pytest.raises(Unauthenticated) as caught:
        site.guard.authenticate(basic("user-ada", "wrong password"), "ada", "north")
    shown += f"{caught.value!r} {caplog.text}"
    for secret in (PASSWORD, "wrong password", ADA.split()[1], site.ada.password_hash):
        assert secret not in shown
