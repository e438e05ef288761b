"""The documents of operation, security and construction: their tables against the code, both ways."""

import ast
import re
from collections.abc import Iterator
from typing import Any, get_args

from chalicelib import bootstrap, idempotency, plain_yaml
from chalicelib.accounts import tokens
from chalicelib.adapters import guarded_http, opensearch_connection
from chalicelib.articles import (
    applying,
    article_query,
    delta_json,
    fan_out,
    file_records,
    searching,
    writing,
)
from chalicelib.articles.export import fields as mapping_fields
from chalicelib.articles.export import reading as mapping_reading
from chalicelib.ledger import commands, states
from chalicelib.ports import article_words
from chalicelib.ports.ledger_records import Record
from chalicelib.web import article_list, reading
from chalicelib.web import idempotency as web_idempotency
from infra.cli.causes import CAUSES
from infra.cli.console import ExitCode
from infra.policies import POLICIES, policy_document
from infra.template import alarms, functions, search
from infra.template.queues import QUEUES, RETENTION_SECONDS
from infra.template.storage import LIFECYCLE_RULES
from tests.documents import PROJECT, code, named, once, table, tables, text_of
from tests.unit.test_docs import command_line


def test_every_exit_code_stands_in_the_operations() -> None:
    rows = tables("operations.md", "What a command tells a script")[1]
    assert [int(row["code"]) for row in rows] == [int(code) for code in ExitCode]


def test_what_answers_in_json_stands_in_the_operations() -> None:
    told = {
        name
        for row in table("operations.md", "What a command tells a script")
        for name in code(row["command"])
    }
    with_token = {
        code(row["command"])[0]
        for row in table("operations.md", "The command line")
        if row["with"] in ("token", "either")
    }
    assert told >= with_token


def test_every_command_but_these_answers_in_json() -> None:
    without = {
        " ".join(words)
        for words, parser in command_line().items()
        if "--json" not in {option for action in parser._actions for option in action.option_strings}
    }
    assert without == {"demo", "stack down", "stack clean"}


def test_every_alarm_stands_in_the_operations_with_what_to_do() -> None:
    rows = table("operations.md", "Alarms")
    made = {name for name, told in alarms.resources().items() if told["Type"] == "AWS::CloudWatch::Alarm"}
    assert once(named(rows, "alarm")) == made
    assert all(row["means"] and row["do"] for row in rows)


def test_every_cause_of_a_failure_stands_in_the_operations() -> None:
    rows = table("operations.md", "Causes")
    assert once(named(rows, "cause")) == causes_in_code() == CAUSES.keys()
    assert all(row["means"] and row["do"] for row in rows)


def causes_in_code() -> set[str]:
    """The cause words that the application gives: to files by `FileFault`, to entries by verdicts and gates."""
    found: set[str] = set()
    for path in (PROJECT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            found.update(_causes_of(node))
    return found


def _causes_of(node: ast.AST) -> Iterator[str]:
    given: list[ast.expr] = []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        given = {"FileFault": node.args[1:2], "Verdict": node.args[3:4]}.get(node.func.id, [])
        given = [*given, *(word.value for word in node.keywords if word.arg == "cause")]
    elif isinstance(node, ast.Tuple) and len(node.elts) == 2:
        # why an entry may not run any more: the name of a text, and the cause
        text, cause = node.elts
        given = [cause] if isinstance(text, ast.Name) and re.fullmatch("_[A-Z]+", text.id) else []
    elif isinstance(node, ast.FunctionDef):
        pairs = zip(reversed(node.args.args), reversed(node.args.defaults), strict=False)
        given = [default for argument, default in pairs if argument.arg == "cause"]
    for value in given:
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
            yield value.value


def test_what_the_dead_letter_consumer_says_stands_in_the_operations() -> None:
    rows = table("operations.md", "Dead letters and parking")
    source = (PROJECT / "chalicelib/articles/dead_letters.py").read_text()
    said = {
        node.value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant)
    }
    assert once(named(rows, "words in the log")) == said
    assert set(named(rows, "dead letter of")) == {queue.name for queue in QUEUES}


_OF_TABLES = ("UseAccounts", "UseLedger", "UseAccess", "ReadAccess", "UseRecords", "UseJobs", "NoteInJobs")


def test_what_each_function_may_do_stands_in_the_security_document() -> None:
    rows = {code(row["function"])[0]: row for row in table("security.md", "Least privilege")}
    assert list(rows) == [function.logical_id for function in functions.FUNCTIONS]
    for name, row in rows.items():
        may = {statement["Sid"]: statement for statement in POLICIES[name]}
        tables_used = [target for sid in _OF_TABLES for target in _targets(may.get(sid))]
        assert code(row["tables"]) == tables_used, name
        assert code(row["takes from"]) == _targets(may.get("Consume")), name
        assert code(row["sends to"]) == _targets(may.get("Send")), name
        others = may.keys() - {*_OF_TABLES, "Consume", "Send"}
        assert set(code(row["bucket"])) == others, name
        level = {(): "–", search.READ: "read", search.WRITE: "write"}[search.USERS.get(name, ())]
        assert row["OpenSearch"] == level, name


def _targets(statement: Any) -> list[str]:
    """The logical ids of the resources that a statement names as a whole."""
    return (
        [] if statement is None else [r["Fn::GetAtt"][0] for r in statement["Resource"] if "Fn::GetAtt" in r]
    )


def test_the_actions_of_each_permission_stand_in_the_security_document() -> None:
    _, permissions = tables("security.md", "Least privilege")
    documented = {row["permission"].strip("`"): code(row["actions"]) for row in permissions}
    allowed = {
        statement["Sid"]: statement["Action"]
        for name in POLICIES
        for statement in policy_document(name)["Statement"]
    }
    assert documented == allowed | {
        "OpenSearch read": list(search.READ),
        "OpenSearch write": list(search.WRITE),
    }


def test_bounds_are_those_of_the_code() -> None:
    fetch = guarded_http.FetchLimits()
    rules = {rule["Id"]: rule for rule in LIFECYCLE_RULES}
    told = {row["what"]: row["bound"] for row in table("security.md", "Bounds")}
    of_files = {told.pop("delta file"), told.pop("entry of a delta file")}  # docs/api.md has the same
    assert all(text for text in of_files)
    assert told == {
        "`Authorization` header": f"{tokens.MAX_HEADER_LENGTH} characters",
        "body of a call": f"{reading.BODY_BYTES:,} bytes",
        "nesting of a delta file's entry": f"{delta_json.MAX_DEPTH} levels",
        "one fetch": f"{fetch.total_seconds:g} s in all, {fetch.connect_seconds:g} s to connect, "
        f"{fetch.read_seconds:g} s for each read",
        "tries to fetch": f"{fan_out.FETCHES}",
        "starts of a file without progress": f"{file_records.STARTS}",
        "runs of an entry that kills its worker": f"{applying.ATTEMPTS}",
        "writes of a single article against others": f"{writing.TRIES} tries, {writing.PATIENCE_SECONDS:g} s",
        "one search of articles": f"{article_query.MOST_WORDS} words in {article_query.MOST_CHARACTERS} characters, "
        f"{article_query.MOST_VALUES} exact values, {article_list.MOST_FACETS} facets of "
        f"{searching.MOST_FACET_VALUES} values",
        "words by which an article is found": f"{article_words.MOST_WORDS:,} of {article_words.LONGEST_WORD} "
        "characters",
        "Idempotency-Key": f"{web_idempotency.KEY_CHARACTERS} characters",
        "answer kept under an Idempotency-Key": f"{idempotency.KEPT_BYTES:,} bytes, "
        f"{idempotency.KEPT_SECONDS / 3600:g} h",
        "lease of a call under an Idempotency-Key": f"{idempotency.LEASE_SECONDS:g} s",
        "mapping of an export": f"{mapping_reading.LARGEST:,} bytes, {plain_yaml.MOST_LEVELS} levels, "
        f"{mapping_fields.MOST_ITEMS} columns",
        "call of DynamoDB": f"{bootstrap.DYNAMODB_READ_SECONDS:g} s",
        "call of OpenSearch": f"{opensearch_connection.REQUEST_SECONDS:g} s",
        "retention of queues": f"{RETENTION_SECONDS // 86_400} days",
        "overwritten or deleted objects": "{NoncurrentDays} days".format(
            **rules["overwritten-versions"]["NoncurrentVersionExpiration"]
        ),
        "deleted attachments, documents and files of the record store": "{NoncurrentDays} day".format(
            **rules["deleted-attachments"]["NoncurrentVersionExpiration"]
        ),
        "pages of a push that was neither ended nor taken away": "{ExpirationInDays} days".format(
            **rules["left-push-parts"]
        ),
        "snapshots of delta files": f"{rules['old-snapshots']['ExpirationInDays']} days",
        "delta files that came in a body or by an upload": f"{rules['old-uploads']['ExpirationInDays']} days",
        "results and failed entries of large delta files": f"{rules['old-extracts']['ExpirationInDays']} days",
        "cancelled files whose entries wait in the queue": f"{commands.MOST_CANCELLED}",
    }


def test_every_function_stands_in_the_architecture() -> None:
    rows = table("architecture.md", "The functions")
    assert named(rows, "function") == [function.logical_id for function in functions.FUNCTIONS]
    for row in rows:
        assert all((PROJECT / handler).exists() for handler in code(row["handler"]))
        consumed = [q.name for q in QUEUES if q.consumer == code(row["function"])[0]]
        assert code(row["trigger"]) == consumed


def test_every_path_of_the_layout_is_there_and_every_part_stands_in_it() -> None:
    told = once(named(table("architecture.md", "Layout"), "path"))
    assert [path for path in told if not (PROJECT / path).exists()] == []
    parts = {
        f"{path.relative_to(PROJECT)}{'/' if path.is_dir() else ''}"
        for folder in ("chalicelib", "infra")
        for path in (PROJECT / folder).iterdir()
        if path.name not in ("__init__.py", "__pycache__") and (path.is_dir() or path.suffix == ".py")
    }
    assert told == parts | {"app.py", "tests/"}


def test_every_folder_of_the_record_store_stands_in_the_architecture() -> None:
    record_store = PROJECT / "chalicelib" / "lrs"
    folders = {f"{path.parent.relative_to(record_store)}/" for path in record_store.rglob("__init__.py")}
    inside_conformance = {"conformance/cases/", "conformance/catalogue/", "./"}
    told = once(named(table("architecture.md", "Inside the record store"), "folder"))
    assert told == folders - inside_conformance


def test_the_states_and_moves_of_a_job_are_those_of_the_ledger() -> None:
    rows = table("pipeline.md", "States")
    assert {code(row["letter"])[0]: row["state"] for row in rows} == states.NAMES
    letters = {name: letter for letter, name in states.NAMES.items()}
    moves = {
        (letters[row["state"]], letters[to]) for row in rows for to in re.findall(r"\w+", row["may become"])
    }
    assert moves - {(letters[row["state"]], "–") for row in rows} == states.MOVES


def test_the_states_of_a_file_are_those_of_the_ledger() -> None:
    told = {
        word for row in tables("pipeline.md", "States")[1] for word in re.findall(r"[a-z]+", row["state"])
    }
    assert told >= set(get_args(states.FileState))


def test_every_record_of_the_ledger_stands_in_the_pipeline() -> None:
    told = [row["record"] for row in table("pipeline.md", "Records")]
    assert sorted(told) == sorted(kind.__name__.lower() for kind in get_args(Record))


def test_every_scenario_of_the_tests_stands_in_the_pipeline() -> None:
    tested = {
        int(number)
        for path in (PROJECT / "tests/unit").glob("test_scenario_*.py")
        for number in re.findall(r"^def test_(\d+)_", path.read_text(), re.MULTILINE)
    }
    assert [int(row["scenario"]) for row in table("pipeline.md", "What must hold")] == sorted(tested)


def test_every_package_of_the_zip_has_its_reason() -> None:
    pins = re.findall(r"^([\w.-]+)==", (PROJECT / "requirements.txt").read_text(), re.MULTILINE)
    rows = table("decisions.md", "Dependencies")
    assert sorted(named(rows, "package")) == sorted(pins)
    assert all(row["licence"] and row["for"] and row["kept by"] for row in rows)


def test_every_decision_is_dated_and_says_why_and_what_it_costs() -> None:
    parts = re.split(r"^## ", text_of("decisions.md"), flags=re.MULTILINE)[1:]
    for part in parts:
        title, _, rest = part.partition("\n")
        assert re.match(r"\s*20\d\d-\d\d-\d\d\.", rest), title
        if title != "Dependencies":
            assert all(f"**{word}.**" in rest for word in ("Context", "Decision", "Why", "Costs")), title
