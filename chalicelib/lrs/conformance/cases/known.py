"""Agents, Activities and the About Resource (Communication 2.4, 2.5, 2.8; 2.0: 4.1.6.3, 4.1.6.4, 4.1.6.7)."""

import json
import re
from typing import Any

from chalicelib.lrs.conformance.check import Checks
from chalicelib.lrs.conformance.exchange import Answer, shown
from chalicelib.lrs.conformance.probe import VERSION, Probe
from chalicelib.lrs.conformance.samples import HOME

CHECKS = Checks()
SHA1 = "0d3f7c8a9b1e2d4c5f60718293a4b5c6d7e8f901"
_PERSON = {"objectType", "name", "mbox", "mbox_sha1sum", "openid", "account"}
_VERSION = re.compile(r"0\.9|0\.95|1\.0\.\d+|2\.0\.\d+")


def person(probe: Probe, agent: dict[str, Any]) -> Answer:
    """The Person of an agent, which must be one."""
    answer = probe.get("/agents", {"agent": json.dumps(agent)}).expect(200)
    found = answer.json
    answer.must(
        isinstance(found, dict) and found.get("objectType") == "Person", 'an object with objectType "Person"'
    )
    return answer


def has(probe: Probe, agent: dict[str, Any], name: str) -> Answer:
    """The Person of an agent that was recorded; it has the agent's value in a list."""
    probe.record(probe.statement(name, actor=agent))
    answer = person(probe, agent)
    values = answer.json.get(name)
    answer.must(
        isinstance(values, list) and agent[name] in values, f"{name} as a list with {shown(agent[name])}"
    )
    return answer


@CHECKS.that("XAPI-00236", "XAPI-00245", "XAPI-00237")
def agents_shows_a_person(probe: Probe) -> None:
    """GET of `/agents` shows a Person."""
    person(probe, probe.agent())


@CHECKS.that("XAPI-00238")
def names_of_a_person(probe: Probe) -> None:
    """The names are a list of strings; all that were told of the agent are in it."""
    agent = probe.agent("named")
    answer = has(probe, {**agent, "name": "Anna"}, "name")
    probe.record(probe.statement("second", actor={**agent, "name": "Anna Müller"}))
    names = person(probe, agent).json.get("name")
    answer.must(isinstance(names, list) and all(isinstance(each, str) for each in names), "a list of strings")


@CHECKS.that("XAPI-00239", "XAPI-00244")
def mboxes_of_a_person(probe: Probe) -> None:
    """The mboxes are a list of `mailto:` addresses."""
    agent = {"objectType": "Agent", "mbox": f"mailto:{probe.uuid('mbox')}@example.org"}
    answer = has(probe, agent, "mbox")
    good = all(str(each).startswith("mailto:") for each in answer.json["mbox"])
    answer.must(good, "addresses of the form mailto:address")


@CHECKS.that("XAPI-00240")
def mbox_sums_of_a_person(probe: Probe) -> None:
    """The mbox_sha1sums are a list of strings."""
    has(probe, {"objectType": "Agent", "mbox_sha1sum": SHA1}, "mbox_sha1sum")


@CHECKS.that("XAPI-00241")
def openids_of_a_person(probe: Probe) -> None:
    """The openids are a list of strings."""
    has(probe, {"objectType": "Agent", "openid": probe.iri("openid")}, "openid")


@CHECKS.that("XAPI-00242")
def accounts_of_a_person(probe: Probe) -> None:
    """The accounts are a list of whole account objects."""
    answer = has(probe, probe.agent("account"), "account")
    good = all({"homePage", "name"} == each.keys() for each in answer.json["account"])
    answer.must(good, "accounts with homePage and name")


@CHECKS.that("XAPI-00243")
def agent_is_needed(probe: Probe) -> None:
    """Without `agent` the request is refused."""
    probe.get("/agents").refused("`agent` is missing")


@CHECKS.that("XAPI-00246", "XAPI-00248")
def a_person_has_lists(probe: Probe) -> None:
    """Each attribute of the Person of a known agent is a list; there are no others."""
    agent = {**probe.agent("known"), "name": "Anna"}
    answer = has(probe, agent, "account")
    found = answer.json
    answer.must(found.keys() <= _PERSON, f"no properties beyond {sorted(_PERSON)}")
    lists = all(isinstance(value, list) for name, value in found.items() if name != "objectType")
    answer.must(lists, "a list as value of each attribute")


@CHECKS.that("XAPI-00247")
def an_unknown_agent_is_a_person(probe: Probe) -> None:
    """An agent that is not known is a Person with what was asked for."""
    agent = probe.agent("unknown")
    answer = person(probe, agent)
    answer.must(answer.json.get("account") == [agent["account"]], "its account in a list")


@CHECKS.that("XAPI-00249")
def agent_is_an_agent(probe: Probe) -> None:
    """An `agent` that is none is refused."""
    for value in (
        "anna",
        "",
        "{}",
        '{"name":"Anna"}',
        '{"mbox":"anna"}',
        "[]",
        '{"mbox":',
        '{"account":{"name":"a"}}',
    ):
        probe.get("/agents", {"agent": value}).refused("`agent` is no Agent")


def activity(probe: Probe) -> Answer:
    """The Activity of the check, which must be one."""
    answer = probe.get("/activities", {"activityId": probe.iri("activity")}).expect(200)
    answer.must(answer.json.get("id") == probe.iri("activity"), f"the Activity {probe.iri('activity')}")
    return answer


def tell(probe: Probe, label: str, **definition: Any) -> None:
    """Records a statement about the Activity of the check."""
    told = {"objectType": "Activity", "id": probe.iri("activity"), "definition": definition}
    probe.record(probe.statement(label, object=told))


@CHECKS.that("XAPI-00250")
def activity_id_is_needed(probe: Probe) -> None:
    """Without activityId, or with one that is no IRI, the request is refused."""
    probe.get("/activities").refused("activityId is missing")
    for value in ("", "course", "/courses/7"):
        probe.get("/activities", {"activityId": value}).refused("activityId is no IRI")


@CHECKS.that("XAPI-00251")
def the_whole_activity(probe: Probe) -> None:
    """The Activity has the definition that was told of it."""
    definition = {
        "name": {"en": "A course"},
        "type": f"{HOME}/types/course",
        "extensions": {f"{HOME}/e": [1, None]},
    }
    tell(probe, "only", **definition)
    answer = activity(probe)
    answer.must(answer.json.get("definition") == definition, f"the definition {shown(definition)}")


@CHECKS.that("XAPI-00252", "XAPI-00253")
def activities_shows_an_activity(probe: Probe) -> None:
    """GET of `/activities` shows an Activity."""
    tell(probe, "only", name={"en": "A course"})
    activity(probe)


@CHECKS.that("XAPI-00254")
def languages_are_merged(probe: Probe) -> None:
    """The languages of two statements about one Activity are both shown."""
    tell(probe, "first", name={"en": "A course"}, description={"en": "About it"})
    tell(probe, "second", name={"de": "Ein Kurs"})
    answer = activity(probe)
    definition = answer.json.get("definition", {})
    answer.must(definition.get("name") == {"en": "A course", "de": "Ein Kurs"}, "the name in both languages")
    answer.must(definition.get("description") == {"en": "About it"}, "the description that was told first")


@CHECKS.that("XAPI-00315", "XAPI-00319")
def about_shows_versions(probe: Probe) -> None:
    """GET of `/about` shows `version`, without credentials and version too."""
    for headers in ({}, {VERSION: None}, {VERSION: None, "Authorization": ""}):
        answer = probe.get("/about", None, headers).expect(200)
        answer.must(isinstance(answer.json, dict) and "version" in answer.json, "an object with `version`")


@CHECKS.that("XAPI-00316")
def versions_are_known(probe: Probe) -> None:
    """Each version of About is one of xAPI."""
    answer = probe.get("/about").expect(200)
    good = all(_VERSION.fullmatch(str(each)) for each in answer.json["version"])
    answer.must(good, "versions 0.9, 0.95, 1.0.x and 2.0.x only")


@CHECKS.that("XAPI-00317")
def the_tested_version_is_named(probe: Probe) -> None:
    """The versions of About name the one that is tested."""
    answer = probe.get("/about").expect(200)
    answer.must(probe.version in answer.json["version"], f"{probe.version} among the versions")


@CHECKS.that("XAPI-00318")
def versions_are_strings(probe: Probe) -> None:
    """The versions of About are a list of strings."""
    answer = probe.get("/about").expect(200)
    found = answer.json.get("version")
    good = isinstance(found, list) and bool(found) and all(isinstance(each, str) for each in found)
    answer.must(good, "a list of strings")


@CHECKS.that("XAPI-00320")
def extensions_of_about(probe: Probe) -> None:
    """The extensions of About are an object; there are no other properties."""
    answer = probe.get("/about").expect(200)
    answer.must(isinstance(answer.json.get("extensions", {}), dict), "extensions as an object")
    answer.must(answer.json.keys() <= {"version", "extensions"}, "no other properties")
