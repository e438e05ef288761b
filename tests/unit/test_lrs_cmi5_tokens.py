"""cmi5 tokens: who gets one, what it is good for, when it ends."""

import base64
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Invalid, NotFound, Unavailable
from chalicelib.lrs.access.basic import read_header
from chalicelib.lrs.access.principal import Principal
from chalicelib.lrs.cmi5 import origin as origins
from chalicelib.lrs.cmi5.request import TokenRequest
from chalicelib.lrs.cmi5.tokens import LIFE_SECONDS, Cmi5Tokens, FetchFailed, as_json
from chalicelib.ports.lrs_access import ClientRecord, StoreRecord
from tests.doubles.access_store import InMemoryAccess
from tests.doubles.clock import FakeClock
from tests.doubles.cmi5_tokens import MemoryCmi5Tokens

ACTIVITY = "http://www.example.com/LA1/001/intro"
AGENT = {"objectType": "Agent", "account": {"homePage": "http://www.example.com", "name": "1625378"}}
REGISTRATION = "760e3480-ba55-4991-94b0-01820dbd23a2"
PAGE = "https://content.example.com"
BODY = {"activity_id": ACTIVITY, "agent": AGENT, "origin": PAGE}
REQUEST = TokenRequest(ACTIVITY, AGENT, PAGE)
CLIENT = ClientRecord(
    "c-1", "lms", "v1", "LMS", "main", 0.0, "lms", "hash", permissions=frozenset(("cmi5/tokens", "xapi/all"))
)
PRINCIPAL = Principal("lms", "main", CLIENT.permissions, {})


class Place:
    """A store with a client, its tokens, and the time."""

    def __init__(self, client: ClientRecord = CLIENT) -> None:
        self.clock = FakeClock()
        self.access = InMemoryAccess()
        assert self.access.put_store(StoreRecord("s-1", "main", "v1", "Main", 0.0), None)
        assert self.access.put_client(client, None)
        self.store = MemoryCmi5Tokens()
        self.tokens = Cmi5Tokens(self.store, self.access, self.clock)

    def issue(self, request: TokenRequest = REQUEST) -> str:
        return self.tokens.issue(PRINCIPAL, request)

    def fetch(self, value: str, origin: str | None = PAGE) -> str | FetchFailed:
        return self.tokens.fetch("lms", "main", value, origin)


@pytest.fixture
def place() -> Place:
    return Place()


def test_a_token_allows_what_it_was_issued_for(place: Place) -> None:
    value = place.issue(replace(REQUEST, registration=REGISTRATION))
    session = place.tokens.session(CLIENT, value)
    assert session is not None
    assert (session.agent, session.activity_id, session.registration) == (AGENT, ACTIVITY, REGISTRATION)
    assert session.origin == PAGE


def test_a_token_is_the_value_of_basic_and_needs_no_encoding_in_a_url(place: Place) -> None:
    value = place.issue()
    assert re.fullmatch("[A-Za-z0-9]+", value)
    read = read_header(f"Basic {value}")
    assert read is not None
    assert read.is_token


def test_neither_token_nor_secret_is_stored_or_shown(place: Place) -> None:
    value = place.issue()
    secret = base64.b64decode(value).decode().partition(".")[2]
    (record,) = place.store.tokens.values()
    assert secret not in str(vars(record))
    assert record.digest not in repr(record)


def test_a_token_ends(place: Place) -> None:
    value = place.issue()
    place.clock.sleep(LIFE_SECONDS - 1)
    assert place.tokens.session(CLIENT, value) is not None
    place.clock.sleep(1)
    assert place.tokens.session(CLIENT, value) is None
    assert as_json(place.fetch(value))["error-code"] == "1"


def test_a_token_that_is_revoked_is_out_at_the_next_call(place: Place) -> None:
    value = place.issue()
    session = place.tokens.session(CLIENT, value)
    assert session is not None
    place.tokens.revoke(PRINCIPAL, session.token_id)
    assert place.tokens.session(CLIENT, value) is None
    place.tokens.revoke(PRINCIPAL, session.token_id)


@pytest.mark.parametrize("change", [{"id": "c-2"}, {"store": "other"}])
def test_a_token_is_for_the_client_that_issued_it_in_its_store(place: Place, change: dict[str, Any]) -> None:
    """Another client may get the slug of one that was deleted."""
    value = place.issue()
    assert place.tokens.session(replace(CLIENT, **change), value) is None


@given(st.text(max_size=100) | st.binary(max_size=90).map(lambda raw: base64.b64encode(raw).decode()))
def test_what_is_no_token_allows_nothing(value: str) -> None:
    place = Place()
    assert place.tokens.session(CLIENT, value) is None
    assert as_json(place.fetch(value))["error-code"] == "2"


def test_another_secret_under_a_token_s_id_allows_nothing(place: Place) -> None:
    text = base64.b64decode(place.issue()).decode()
    forged = base64.b64encode((text[:-1] + ("A" if text[-1] != "A" else "B")).encode()).decode()
    assert place.tokens.session(CLIENT, forged) is None
    assert as_json(place.fetch(forged))["error-code"] == "2"


def test_the_fetch_url_gives_a_token_once_and_ends_its_own(place: Place) -> None:
    in_the_url = place.issue()
    fetched = place.fetch(in_the_url)
    assert isinstance(fetched, str)
    assert fetched != in_the_url
    session = place.tokens.session(CLIENT, fetched)
    assert session is not None
    assert session.agent == AGENT
    assert place.tokens.session(CLIENT, in_the_url) is None
    assert as_json(place.fetch(in_the_url)) == {
        "error-code": "1",
        "error-text": "The authorization token has already been returned, or the session has expired.",
    }


def test_a_fetched_token_ends_when_the_first_would_have(place: Place) -> None:
    value = place.issue()
    place.clock.sleep(LIFE_SECONDS - 10)
    fetched = place.fetch(value)
    assert isinstance(fetched, str)
    place.clock.sleep(10)
    assert place.tokens.session(CLIENT, fetched) is None


def test_of_two_that_fetch_at_once_one_gets_the_token(place: Place) -> None:
    value = place.issue()

    class Overtaken(MemoryCmi5Tokens):
        def exchange(self, spent, fresh):
            assert isinstance(place.fetch(value), str)
            return place.store.exchange(spent, fresh)

    slow = Overtaken()
    slow.tokens = place.store.tokens
    late = Cmi5Tokens(slow, place.access, place.clock).fetch("lms", "main", value, PAGE)
    assert as_json(late)["error-code"] == "1"


@pytest.mark.parametrize(
    "change", [{"permissions": frozenset(("xapi/all",))}, {"store": "other"}, {"id": "c-2"}], ids=str
)
def test_the_fetch_url_of_a_client_that_may_not_issue_tokens_gives_none(change: dict[str, Any]) -> None:
    place = Place()
    value = place.issue()
    place.access._clients["lms"] = replace(CLIENT, **change)
    assert as_json(place.fetch(value))["error-code"] == "2"


def test_the_fetch_url_gives_nothing_to_a_page_of_another_origin(place: Place) -> None:
    value = place.issue()
    assert as_json(place.fetch(value, "https://evil.example.com"))["error-code"] == "2"
    assert isinstance(place.fetch(value, None), str)


def test_a_fetch_url_that_cannot_be_served_says_so_as_cmi5_wants_it(place: Place) -> None:
    value = place.issue()

    class Silent(MemoryCmi5Tokens):
        def get(self, store: str, token_id: str) -> None:
            raise Unavailable("The token store", "down")

    answer = Cmi5Tokens(Silent(), place.access, place.clock).fetch("lms", "main", value, PAGE)
    assert as_json(answer)["error-code"] == "3"


def test_ids_sort_as_their_times_do(place: Place) -> None:
    for _ in range(5):
        place.issue()
        place.clock.sleep(0.5)
    made = list(place.store.tokens.values())
    assert sorted(made, key=lambda each: each.id) == made
    third = made[2].created_at
    assert list(place.store.created_until("main", third, 10)) == made[:3]


def test_a_client_that_is_gone_issues_nothing(place: Place) -> None:
    with pytest.raises(NotFound):
        place.tokens.issue(replace(PRINCIPAL, client="gone"), REQUEST)


def test_an_origin_that_the_client_does_not_let_in_is_refused() -> None:
    place = Place(replace(CLIENT, cors=("https://lms.example.com",)))
    with pytest.raises(Invalid, match="does not let in"):
        place.issue()
    for origin in ("https://lms.example.com", "lms.example.com"):
        assert place.issue(replace(REQUEST, origin=origin))


def test_a_request_is_read_with_the_agent_as_object_or_as_its_json() -> None:
    assert TokenRequest.read(BODY) == REQUEST
    assert TokenRequest.read({**BODY, "agent": json.dumps(AGENT)}) == REQUEST
    assert TokenRequest.read({**BODY, "registration": REGISTRATION.upper()}).registration == REGISTRATION


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("activity_id", None, "is required"),
        ("activity_id", "intro", "must be an IRI"),
        ("activity_id", 7, "must be an IRI"),
        ("activity_id", "http://e.example/" + "a" * 5000, "at most 4096"),
        ("agent", None, "is required"),
        ("agent", "{", "must be an xAPI Agent"),
        ("agent", "[]", "must be an xAPI Agent"),
        ("agent", {"name": "Anna"}, "agent: "),
        ("agent", {"mbox": "anna@example.com"}, "mbox: "),
        ("agent", {"objectType": "Group", "mbox": "mailto:a@example.com"}, "objectType: "),
        ("agent", {"mbox": "mailto:a@example.com", "name": "a" * 20_000}, "must not be larger"),
        ("origin", None, "is required"),
        ("origin", "ftp://lms.example.com", "must be an origin"),
        ("origin", "https://lms.example.com/path", "must be an origin"),
        ("origin", "*", "must be an origin"),
        ("origin", "null://", "must be an origin"),
        ("registration", "1", "must be a UUID"),
        ("more", 1, "is not known"),
    ],
)
def test_a_fault_of_a_request_is_told_by_its_field(field: str, value: object, says: str) -> None:
    with pytest.raises(Invalid) as raised:
        TokenRequest.read({**BODY, field: value})
    assert list(raised.value.faults) == [field]
    assert says in raised.value.faults[field][0]


def test_all_faults_of_a_request_are_told_at_once() -> None:
    with pytest.raises(Invalid) as raised:
        TokenRequest.read({"x": 1})
    assert set(raised.value.faults) == {"activity_id", "agent", "origin", "x"}


@pytest.mark.parametrize(
    ("allowed", "origin", "lets_in"),
    [
        ("https://a.example", "https://a.example", True),
        ("https://a.example", "https://a.example:443", True),
        ("https://a.example", "http://a.example", False),
        ("https://a.example:8443", "https://a.example:8443", True),
        ("a.example", "http://a.example", True),
        ("a.example", "https://a.example", True),
        ("a.example", "https://b.a.example", False),
        ("a.example", "a.example", False),
        ("a.example", "null", False),
        ("https://a.example", "https://a.example.evil.example", False),
    ],
)
def test_an_origin_is_compared_as_browsers_do(allowed: str, origin: str, lets_in: bool) -> None:
    assert origins.matches(allowed, origin) is lets_in


@given(st.text())
def test_reading_an_origin_twice_is_reading_it_once(text: str) -> None:
    found = origins.read(text)
    assert found is None or origins.read(found) == found
