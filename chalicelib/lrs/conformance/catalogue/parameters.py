"""Requirements on the parameters of the document resources: number, resource, method, parameter, kind of rule."""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

Kind = Literal["missing", "malformed", "taken", "any text"]


class Row(NamedTuple):
    """`missing`: without it refused; `malformed`: a bad value refused; `taken`: used; `any text`: any string goes."""

    number: str
    resource: str
    method: str
    parameter: str
    kind: Kind

    @property
    def requirement(self) -> str:
        return f"XAPI-{self.number}"


SECTIONS: Mapping[str, str] = {"State": "2.3", "Agent Profile": "2.6", "Activity Profile": "2.7"}

ROWS = tuple(
    Row(*row)
    for row in (
        ("00196", "State", "DELETE", "agent", "malformed"),
        ("00197", "State", "GET", "agent", "malformed"),
        ("00198", "State", "POST", "agent", "malformed"),
        ("00199", "State", "PUT", "agent", "malformed"),
        ("00200", "State", "DELETE", "registration", "malformed"),
        ("00201", "State", "GET", "registration", "malformed"),
        ("00202", "State", "POST", "registration", "malformed"),
        ("00203", "State", "PUT", "registration", "malformed"),
        ("00204", "State", "GET", "since", "malformed"),
        ("00206", "State", "PUT", "stateId", "missing"),
        ("00207", "State", "DELETE", "activityId", "missing"),
        ("00208", "State", "GET", "activityId", "missing"),
        ("00209", "State", "POST", "activityId", "missing"),
        ("00210", "State", "PUT", "activityId", "missing"),
        ("00211", "State", "POST", "stateId", "missing"),
        ("00212", "State", "DELETE", "agent", "missing"),
        ("00213", "State", "GET", "agent", "missing"),
        ("00214", "State", "POST", "agent", "missing"),
        ("00215", "State", "PUT", "agent", "missing"),
        ("00216", "State", "DELETE", "stateId", "taken"),
        ("00217", "State", "GET", "stateId", "taken"),
        ("00218", "State", "PUT", "registration", "taken"),
        ("00219", "State", "DELETE", "registration", "taken"),
        ("00220", "State", "GET", "registration", "taken"),
        ("00221", "State", "GET", "since", "taken"),
        ("00224", "State", "DELETE", "stateId", "any text"),
        ("00225", "State", "GET", "stateId", "any text"),
        ("00226", "State", "POST", "stateId", "any text"),
        ("00227", "State", "POST", "registration", "taken"),
        ("00228", "State", "PUT", "stateId", "any text"),
        ("00255", "Agent Profile", "DELETE", "agent", "malformed"),
        ("00256", "Agent Profile", "POST", "agent", "malformed"),
        ("00257", "Agent Profile", "PUT", "agent", "malformed"),
        ("00258", "Agent Profile", "GET", "agent", "malformed"),
        ("00260", "Agent Profile", "GET", "since", "malformed"),
        ("00261", "Agent Profile", "GET", "agent", "missing"),
        ("00262", "Agent Profile", "DELETE", "agent", "missing"),
        ("00263", "Agent Profile", "POST", "agent", "missing"),
        ("00264", "Agent Profile", "PUT", "agent", "missing"),
        ("00265", "Agent Profile", "DELETE", "profileId", "missing"),
        ("00266", "Agent Profile", "POST", "profileId", "missing"),
        ("00267", "Agent Profile", "PUT", "profileId", "missing"),
        ("00268", "Agent Profile", "GET", "since", "taken"),
        ("00276", "Agent Profile", "POST", "profileId", "any text"),
        ("00277", "Agent Profile", "PUT", "profileId", "any text"),
        ("00295", "Activity Profile", "GET", "since", "malformed"),
        ("00296", "Activity Profile", "GET", "activityId", "missing"),
        ("00297", "Activity Profile", "DELETE", "activityId", "missing"),
        ("00298", "Activity Profile", "POST", "activityId", "missing"),
        ("00299", "Activity Profile", "PUT", "activityId", "missing"),
        ("00300", "Activity Profile", "DELETE", "profileId", "missing"),
        ("00301", "Activity Profile", "POST", "profileId", "missing"),
        ("00302", "Activity Profile", "PUT", "profileId", "missing"),
        ("00303", "Activity Profile", "GET", "since", "taken"),
        ("00305", "Activity Profile", "DELETE", "profileId", "any text"),
        ("00306", "Activity Profile", "POST", "profileId", "any text"),
        ("00307", "Activity Profile", "PUT", "profileId", "any text"),
    )
)

_TITLES: Mapping[Kind, str] = {
    "missing": "{method} of {resource} without {parameter} is refused",
    "malformed": "{method} of {resource} with a malformed {parameter} is refused",
    "taken": "{method} of {resource} minds {parameter}",
    "any text": "{method} of {resource} takes any text as {parameter}",
}


def titles() -> Iterator[tuple[str, str, str]]:
    """Number, section and title of each row."""
    for row in ROWS:
        title = _TITLES[row.kind].format(**row._asdict())
        yield row.number, SECTIONS[row.resource], title
