"""What users of the accounts see: creating, listing, deleting, renewing, and who gets in."""

import logging
import re
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.accounts.service import Accounts
from chalicelib.accounts.users import user_key
from chalicelib.errors import Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from chalicelib.passwords import ScryptCost, hash_password, verify_password
from tests.doubles.accounts import FaultyAccounts, InMemoryAccounts

CHEAP = ScryptCost(n=2, r=1, p=1)
ADA = {"name": "Ada", "email": "Ada.Lovelace@Example.org", "password": "correct horse"}


class HeldClock:
    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def store() -> InMemoryAccounts:
    return InMemoryAccounts()


@pytest.fixture
def accounts(store: InMemoryAccounts, clock: HeldClock) -> Accounts:
    return Accounts(store, clock, CHEAP)


def faults_of(accounts: Accounts, fields: Mapping[str, object]) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as caught:
        accounts.create_user(fields)
    return caught.value.faults


# ---- passwords


def test_a_password_is_verified_by_its_hash_and_no_other_is() -> None:
    stored = hash_password("correct horse ½", CHEAP)
    assert verify_password("correct horse ½", stored)
    assert not verify_password("correct horse", stored)
    assert not verify_password("", stored)


def test_two_hashes_of_one_password_differ_and_neither_shows_it() -> None:
    first, second = hash_password("correct horse", CHEAP), hash_password("correct horse", CHEAP)
    assert first != second
    assert "correct" not in first


def test_a_hash_is_verified_at_the_cost_at_which_it_was_made() -> None:
    for cost in (CHEAP, ScryptCost(n=4, r=1, p=1)):
        assert verify_password("correct horse", hash_password("correct horse", cost))


def test_the_default_cost_is_at_least_what_owasp_asks_for() -> None:
    cost = ScryptCost()
    assert cost.n * cost.p >= 2**14 * 5
    assert cost.r == 8
    assert verify_password("correct horse", hash_password("correct horse", cost))


@pytest.mark.parametrize("stored", ["", "bcrypt$x", "scrypt$n=2,r=1$AA==$AA==", "scrypt$n=2,r=1,p=1$AA=="])
def test_a_foreign_hash_is_refused(stored: str) -> None:
    with pytest.raises(ValueError, match="not a scrypt hash"):
        verify_password("correct horse", stored)


# ---- create


def test_a_new_user_gets_a_token_that_lets_him_in(accounts: Accounts) -> None:
    user, token = accounts.create_user(ADA)
    assert (user.name, user.email, user.is_admin) == ("Ada", "Ada.Lovelace@Example.org", False)
    principal = accounts.authenticate(f"Bearer {token.reveal()}")
    assert (principal.name, principal.email, principal.is_admin) == (user.name, user.email, False)
    assert principal.token_id == token.reveal().split("|")[0]


def test_an_admin_is_known_as_one(accounts: Accounts) -> None:
    _, token = accounts.create_user(ADA, admin=True)
    assert accounts.authenticate(f"Bearer {token.reveal()}").is_admin


def test_a_body_cannot_make_an_admin(accounts: Accounts) -> None:
    user, _ = accounts.create_user({**ADA, "admin": True, "is_admin": True})
    assert not user.is_admin


@pytest.mark.parametrize("email", [ADA["email"], "ada.lovelace@example.org", " ADA.LOVELACE@EXAMPLE.ORG "])
def test_an_email_is_taken_in_every_spelling(accounts: Accounts, email: str) -> None:
    accounts.create_user(ADA)
    assert faults_of(accounts, {**ADA, "email": email}) == {"email": ["The email has already been taken."]}
    assert [row["email"] for row in accounts.users()] == ["Ada.Lovelace@Example.org"]


def test_all_faults_come_at_once_a_taken_email_included(accounts: Accounts) -> None:
    accounts.create_user(ADA)
    assert faults_of(accounts, {"email": ADA["email"], "password": "Z{Vz:Ui"}) == {
        "name": ["The name field is required."],
        "email": ["The email has already been taken."],
        "password": ["The password field must be at least 8 characters."],
    }


def test_nothing_at_all_misses_every_field(accounts: Accounts) -> None:
    with pytest.raises(Invalid, match=r"^The name field is required\. \(and 2 more errors\)$") as caught:
        accounts.create_user({})
    assert list(caught.value.faults) == ["name", "email", "password"]


@pytest.mark.parametrize(
    ("field", "value", "texts"),
    [
        ("name", None, ["The name field is required."]),
        ("name", " \t", ["The name field is required."]),
        ("name", 7, ["The name field must be a string."]),
        ("name", ["Ada"], ["The name field must be a string."]),
        ("name", False, ["The name field must be a string."]),
        ("name", "x" * 256, ["The name field must not be greater than 255 characters."]),
        ("name", "A\x00da", ["The name field must not contain control characters."]),
        ("name", "A\x1b[31mda", ["The name field must not contain control characters."]),
        ("name", "A\ud800da", ["The name field must be valid Unicode text."]),
        ("email", "", ["The email field is required."]),
        ("email", 7, ["The email field must be a string."]),
        ("email", "autem", ["The email field must be a valid email address."]),
        ("password", "", ["The password field is required."]),
        ("password", "        ", ["The password field is required."]),
        ("password", 12345678, ["The password field must be a string."]),
        ("password", "1234567", ["The password field must be at least 8 characters."]),
        ("password", "x" * 256, ["The password field must not be greater than 255 characters."]),
        ("password", "password\udfff", ["The password field must be valid Unicode text."]),
    ],
)
def test_a_field_that_cannot_be_used_says_why(
    accounts: Accounts, field: str, value: object, texts: list[str]
) -> None:
    assert faults_of(accounts, {**ADA, field: value}) == {field: texts}


@pytest.mark.parametrize(
    "email",
    [
        "@",
        "a@",
        "@b",
        "a@b@c",
        "a..b@c",
        ".a@c",
        "a.@c",
        "a@-b.c",
        "a@b-.c",
        "a@b..c",
        "a@b.",
        "a\x00@b.c",
        "a@b.c\n,x",
        "a,b@c",
        "a@b_c",
        "\u017f@b.c",
        "a b@c.d",
        "a@b c",
        '"a"@b.c',
        "ü@example.org",
        "a@exämple.org",
        "x" * 65 + "@b.c",
        "a@" + "b" * 64,
    ],
)
def test_what_is_no_address_is_refused(accounts: Accounts, email: str) -> None:
    assert faults_of(accounts, {**ADA, "email": email}) == {
        "email": ["The email field must be a valid email address."]
    }


def test_an_endless_address_is_refused_for_both_reasons(accounts: Accounts) -> None:
    assert faults_of(accounts, {**ADA, "email": "a@" + "b." * 100_000 + "c"})["email"] == [
        "The email field must be a valid email address.",
        "The email field must not be greater than 255 characters.",
    ]


@pytest.mark.parametrize(
    "email", ["a@b", "o'hara+x@mail.example.co.uk", "muhammad.davis@example.org", "1@2.3"]
)
def test_unusual_addresses_are_taken(accounts: Accounts, email: str) -> None:
    assert accounts.create_user({**ADA, "email": email})[0].email == email


def test_lengths_at_the_limit_are_taken(accounts: Accounts) -> None:
    accounts.create_user({"name": "灯" * 255, "email": "x" * 64 + "@b.c", "password": "x" * 255})
    accounts.create_user({"name": "A", "email": "b@b.c", "password": "½½½½½½½½"})
    assert len(accounts.users()) == 2


@given(st.dictionaries(st.sampled_from(["name", "email", "password"]), st.text() | st.integers() | st.none()))
def test_any_fields_make_a_user_or_a_list_of_faults(fields: dict[str, object]) -> None:
    accounts = Accounts(InMemoryAccounts(), HeldClock(), CHEAP)
    faults: Mapping[str, object] = {}
    try:
        accounts.create_user(fields)
    except Invalid as error:
        faults = error.faults
    assert len(accounts.users()) == (0 if faults else 1)


@given(st.emails(), st.emails())
def test_two_addresses_share_a_key_only_if_they_differ_in_case_alone(first: str, second: str) -> None:
    assert (user_key(first) == user_key(second)) == (first.lower() == second.lower())
    assert re.fullmatch("[a-z2-7]{26}", user_key(first))


# ---- who gets in


def test_the_token_is_an_id_and_a_secret_and_only_a_digest_is_kept(
    accounts: Accounts, store: InMemoryAccounts
) -> None:
    _, token = accounts.create_user(ADA)
    token_id, secret = token.reveal().split("|")
    assert len(secret) == 40
    kept = store.get(user_key(ADA["email"]))
    assert kept is not None
    assert kept.tokens[0].id == token_id
    everything = f"{kept.tokens[0].digest}{kept.password_hash}{kept}"
    assert secret not in everything
    assert ADA["password"] not in everything


def test_tokens_and_hashes_hide_themselves(accounts: Accounts, store: InMemoryAccounts) -> None:
    user, token = accounts.create_user(ADA)
    secret = token.reveal().split("|")[1]
    for shown in (repr(token), str(token), f"{token}", "%s" % token, repr((user, token))):  # noqa: UP031
        assert secret not in shown
    principal = accounts.authenticate(f"Bearer {token.reveal()}")
    kept = store.get(user_key(ADA["email"]))
    assert kept is not None
    for hidden in (secret, kept.tokens[0].digest, kept.password_hash):
        assert hidden not in repr(kept) + repr(principal) + repr(user) + repr(accounts.users())


def test_scheme_in_any_case_and_blanks_around_are_taken(accounts: Accounts) -> None:
    _, token = accounts.create_user(ADA)
    for value in (f"bearer {token.reveal()}", f"BEARER   {token.reveal()} ", f" Bearer\t{token.reveal()}"):
        assert accounts.authenticate(value).email == ADA["email"]


ODD = [
    lambda token: None,
    lambda token: "",
    lambda token: " ",
    lambda token: "Bearer",
    lambda token: "Bearer ",
    lambda token: "Bearer |",
    lambda token: "Bearer ||||||",
    lambda token: "Bearer " + "|" * 10_000_000,
    lambda token: "Bearer " + "x" * 10_000_000,
    lambda token: token,
    lambda token: f"Bearer{token}",
    lambda token: f"Basic {token}",
    lambda token: f"Token {token}",
    lambda token: f"Bearer Bearer {token}",
    lambda token: f"Bearer {token}, Bearer {token}",
    lambda token: f"Bearer {token}|",
    lambda token: f"Bearer |{token}",
    lambda token: f"Bearer {token.replace('|', '||')}",
    lambda token: f"Bearer {token.replace('|', '%7C')}",
    lambda token: f"Bearer {token.replace('|', ' | ')}",
    lambda token: f"Bearer {token}\n",
    lambda token: f"Bearer {token}\x00",
    lambda token: f"Bearer \x00{token}",
    lambda token: f"Bearer {token}½",
    lambda token: f"Bearer ½{token}",
    lambda token: f"Bearer {token[:-1]}ſ",
    lambda token: f"Bearer\u00a0{token}",
    lambda token: f"Bearer {token}\ud800",
    lambda token: f'Bearer "{token}"',
    lambda token: f"Bearer {token[:-1]}",
    lambda token: f"Bearer {token[1:]}",
    lambda token: f"Bearer {token}0",
    lambda token: f"Bearer {token.upper()}",
    lambda token: f"Bearer {token.swapcase()}",
    lambda token: f"Bearer {token.split('|')[0]}|",
    lambda token: f"Bearer {token.split('|')[1]}",
    lambda token: f"Bearer {'|'.join(reversed(token.split('|')))}",
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_an_odd_header_lets_nobody_in_and_reads_nothing(
    accounts: Accounts, store: InMemoryAccounts, odd
) -> None:
    _, token = accounts.create_user(ADA)
    store.calls.clear()
    with pytest.raises(Unauthenticated, match=r"^Unauthenticated\.$"):
        accounts.authenticate(odd(token.reveal()))
    assert store.calls == []


@given(st.text() | st.binary().map(lambda value: "Bearer " + value.decode("latin-1")))
def test_no_invented_header_lets_anybody_in(value: str) -> None:
    accounts = Accounts(InMemoryAccounts(), HeldClock(), CHEAP)
    accounts.create_user(ADA)
    with pytest.raises(Unauthenticated):
        accounts.authenticate(value)


def test_a_wrong_secret_or_id_lets_nobody_in(accounts: Accounts) -> None:
    _, ada = accounts.create_user(ADA)
    _, bob = accounts.create_user({**ADA, "email": "bob@example.org"})
    ada_id, ada_secret = ada.reveal().split("|")
    bob_id, bob_secret = bob.reveal().split("|")
    other_id = ada_id[:-1] + ("a" if ada_id[-1] != "a" else "b")
    unknown_user = user_key("nobody@example.org") + ada_id[26:]
    for token in (
        f"{ada_id}|{bob_secret}",
        f"{bob_id}|{ada_secret}",
        f"{other_id}|{ada_secret}",
        f"{unknown_user}|{ada_secret}",
        f"{ada_id}|{'0' * 40}",
        f"{ada_id}|{ada_secret.swapcase()}",
    ):
        with pytest.raises(Unauthenticated):
            accounts.authenticate(f"Bearer {token}")


def test_a_known_token_costs_one_read_and_no_write_within_the_minute(
    accounts: Accounts, store: InMemoryAccounts, clock: HeldClock
) -> None:
    _, token = accounts.create_user(ADA)
    accounts.authenticate(f"Bearer {token.reveal()}")
    store.calls.clear()
    clock.time += 59
    accounts.authenticate(f"Bearer {token.reveal()}")
    assert store.calls == ["get"]


def test_an_unknown_token_costs_one_read(accounts: Accounts, store: InMemoryAccounts) -> None:
    with pytest.raises(Unauthenticated):
        accounts.authenticate(f"Bearer {'a' * 36}|{'b' * 40}")
    assert store.calls == ["get"]


def test_a_token_expires_at_its_second(accounts: Accounts, clock: HeldClock) -> None:
    _, token = accounts.create_user(ADA, token_lifetime=3600)
    clock.time += 3599.5
    assert accounts.authenticate(f"Bearer {token.reveal()}")
    clock.time += 0.5
    with pytest.raises(Unauthenticated):
        accounts.authenticate(f"Bearer {token.reveal()}")


def test_a_store_that_does_not_answer_is_not_taken_for_a_wrong_token(
    store: InMemoryAccounts, accounts: Accounts, clock: HeldClock
) -> None:
    _, token = accounts.create_user(ADA)
    with pytest.raises(Unavailable):
        Accounts(FaultyAccounts(store, 0, "throws"), clock, CHEAP).authenticate(f"Bearer {token.reveal()}")


def test_a_use_that_cannot_be_noted_does_not_fail_the_request(
    store: InMemoryAccounts, accounts: Accounts, clock: HeldClock, caplog: pytest.LogCaptureFixture
) -> None:
    _, token = accounts.create_user(ADA)
    failing = Accounts(FaultyAccounts(store, 1, "throws"), clock, CHEAP)
    with caplog.at_level(logging.DEBUG):
        assert failing.authenticate(f"Bearer {token.reveal()}").email == ADA["email"]
    assert "was not noted" in caplog.text
    assert token.reveal().split("|")[1] not in caplog.text
    assert accounts.users()[0]["last_used_at"] is None


@given(st.lists(st.floats(min_value=0, max_value=90), max_size=30))
def test_the_last_use_is_written_at_most_once_a_minute_and_never_older_than_one(gaps: list[float]) -> None:
    store, clock = InMemoryAccounts(), HeldClock()
    accounts = Accounts(store, clock, CHEAP)
    _, token = accounts.create_user(ADA)
    written: list[float] = []
    for gap in gaps:
        clock.time += gap
        store.calls.clear()
        accounts.authenticate(f"Bearer {token.reveal()}")
        if "mark_used" in store.calls:
            written.append(clock.time)
        assert clock.time - written[-1] < 60
    assert all(later - earlier >= 60 for earlier, later in pairwise(written))


# ---- list


def test_the_list_shows_everybody_the_oldest_first_and_no_hash(accounts: Accounts, clock: HeldClock) -> None:
    for number in range(7):
        accounts.create_user(
            {**ADA, "name": f"N{number}", "email": f"u{number}@example.org"}, admin=number == 0
        )
        clock.time += 1
    rows = accounts.users()
    assert [row["name"] for row in rows] == [f"N{number}" for number in range(7)]
    assert list(rows[0]) == [
        "name",
        "email",
        "is_admin",
        "created_at",
        "tokens_count",
        "last_used_at",
        "tokens",
    ]
    assert list(rows[0]["tokens"][0]) == ["name", "created_at", "last_used_at", "expires_at"]
    assert rows[0] == {
        "name": "N0",
        "email": "u0@example.org",
        "is_admin": True,
        "created_at": "2023-11-14T22:13:20Z",
        "tokens_count": 1,
        "last_used_at": None,
        "tokens": [
            {"name": "api", "created_at": "2023-11-14T22:13:20Z", "last_used_at": None, "expires_at": None}
        ],
    }


def test_the_list_shows_use_and_expiry(accounts: Accounts, clock: HeldClock) -> None:
    _, token = accounts.create_user(ADA, token_name="export", token_lifetime=120)
    clock.time += 60
    accounts.authenticate(f"Bearer {token.reveal()}")
    [row] = accounts.users()
    assert row["last_used_at"] == "2023-11-14T22:14:20Z"
    assert row["tokens"] == [
        {
            "name": "export",
            "created_at": "2023-11-14T22:13:20Z",
            "last_used_at": "2023-11-14T22:14:20Z",
            "expires_at": "2023-11-14T22:15:20Z",
        }
    ]


def test_nobody_is_an_empty_list(accounts: Accounts) -> None:
    assert accounts.users() == []


# ---- delete and renew


def test_a_deleted_user_is_out_at_the_next_request(accounts: Accounts) -> None:
    _, token = accounts.create_user(ADA)
    accounts.authenticate(f"Bearer {token.reveal()}")
    assert accounts.delete_user(" ada.lovelace@example.ORG ").email == ADA["email"]
    with pytest.raises(Unauthenticated):
        accounts.authenticate(f"Bearer {token.reveal()}")
    assert accounts.users() == []


def test_the_token_of_a_deleted_user_stays_dead_when_the_email_comes_back(accounts: Accounts) -> None:
    _, old = accounts.create_user(ADA, admin=False)
    accounts.delete_user(ADA["email"])
    _, new = accounts.create_user(ADA)
    with pytest.raises(Unauthenticated):
        accounts.authenticate(f"Bearer {old.reveal()}")
    assert accounts.authenticate(f"Bearer {new.reveal()}")


def test_an_admin_is_never_deleted(accounts: Accounts) -> None:
    _, token = accounts.create_user(ADA, admin=True)
    with pytest.raises(Forbidden, match=r"^Admin users cannot be deleted$"):
        accounts.delete_user(ADA["email"])
    assert accounts.authenticate(f"Bearer {token.reveal()}").is_admin


@pytest.mark.parametrize("call", ["delete_user", "renew_token"])
@pytest.mark.parametrize(
    "email", ["nobody@example.org", "autem", "a\x00@b.c", "\ud800", 7, ["a@b.c"], {}, True, "x" * 10**6]
)
def test_an_unknown_or_malformed_email_is_not_found(accounts: Accounts, call: str, email: object) -> None:
    accounts.create_user(ADA)
    with pytest.raises(NotFound) as caught:
        getattr(accounts, call)(email)
    text = str(caught.value)
    assert text.startswith("User not found: ")
    assert len(text) < 130
    assert text.isprintable()
    assert len(accounts.users()) == 1


@pytest.mark.parametrize("call", ["delete_user", "renew_token"])
@pytest.mark.parametrize("email", [None, "", "  "])
def test_no_email_at_all_is_a_missing_field(accounts: Accounts, call: str, email: object) -> None:
    with pytest.raises(Invalid) as caught:
        getattr(accounts, call)(email)
    assert caught.value.faults == {"email": ["The email field is required."]}


def test_renewing_leaves_only_the_new_token(accounts: Accounts, clock: HeldClock) -> None:
    _, old = accounts.create_user(ADA, admin=True)
    clock.time += 10
    user, new = accounts.renew_token(ADA["email"].upper())
    assert user.email == ADA["email"]
    with pytest.raises(Unauthenticated):
        accounts.authenticate(f"Bearer {old.reveal()}")
    assert accounts.authenticate(f"Bearer {new.reveal()}").is_admin
    [row] = accounts.users()
    assert row["tokens_count"] == 1
    assert row["created_at"] == "2023-11-14T22:13:20Z"
    assert row["tokens"][0]["created_at"] == "2023-11-14T22:13:30Z"
