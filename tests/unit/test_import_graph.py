"""Imports run one way: the graph is drawn from the source, and an arrow that runs back fails.

app ──> web, workers ──> articles ──> ledger ──> ports, errors <── adapters
                         accounts, lrs ──> jobs ─>
joined, joined_… (the domain over its ports) <── bootstrap, bootstrap_… (the places that pick adapters)
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = "chalicelib"

# What each part may import of the others; a part that is not named here does not exist.
MAY: Mapping[str, set[str]] = {
    "app": {"bootstrap", "call_log", "web", "workers"},
    "web": {
        "accounts",
        "articles",
        "errors",
        "exports",
        "garbage",
        "idempotency",
        "joined_lrs",
        "ledger",
        "lrs",
        "ports",
        "schedule",
        "settings",
        "times",
    },
    "workers": {"articles", "bootstrap", "errors", "exports", "jobs"},
    "call_log": {"bootstrap", "errors", "garbage"},
    "garbage": set(),
    "bootstrap": {
        "adapters",
        "bootstrap_exports",
        "bootstrap_lrs",
        "exports",
        "joined",
        "ports",
        "settings",
    },
    "bootstrap_exports": {"adapters", "exports", "joined_exports", "ports", "settings"},
    "bootstrap_lrs": {"adapters", "joined_lrs", "ports", "settings"},
    "joined_exports": {"exports", "joined_jobs", "ports", "settings"},
    "joined_lrs": {"joined_jobs", "lrs", "ports", "settings"},
    "joined_jobs": {"jobs", "ports"},
    "joined": {"accounts", "articles", "idempotency", "ledger", "ports", "settings"},
    "exports": {"articles", "errors", "jobs", "ports", "schedule", "times"},
    "articles": {"errors", "ledger", "plain_yaml", "ports"},
    "ledger": {"errors", "ports"},
    "accounts": {"errors", "passwords", "ports"},
    "lrs": {"errors", "jobs", "passwords", "plain_yaml", "ports", "schedule", "times"},
    "jobs": {"errors", "ports", "schedule", "times"},
    "adapters": {"errors", "ports"},
    "ports": set(),
    "schedule": set(),
    # The names and types of the pipeline options.
    "settings": {"lrs"},
    "idempotency": {"errors", "passwords", "ports"},
    "passwords": set(),
    "times": set(),
    "plain_yaml": {"errors"},
    "errors": set(),
}

# Arrows that may stand for types alone: at run time `app` hands the services in.
ONLY_TYPES = {
    ("workers", "bootstrap"),
    ("call_log", "bootstrap"),
    ("bootstrap_lrs", "ports"),
    ("bootstrap_lrs", "settings"),
    ("bootstrap", "exports"),
    ("bootstrap_exports", "exports"),
    ("bootstrap_exports", "settings"),
    ("joined_jobs", "ports"),
    ("joined_exports", "ports"),
    ("joined_exports", "settings"),
    ("joined_lrs", "ports"),
    ("joined_lrs", "settings"),
    ("web", "accounts"),
    ("web", "joined_lrs"),
    ("web", "ledger"),
    ("web", "settings"),
}

# Packages of others that a part may import at run time.
PACKAGES: Mapping[str, set[str]] = {
    "web": {"chalice"},
    "bootstrap": {"aws_lambda_powertools", "boto3", "botocore"},
    "adapters": {"boto3", "botocore", "opensearchpy"},
    "plain_yaml": {"ruamel"},  # text in, events out: nothing of the world outside
}


class Import(NamedTuple):
    """`module` imports `target`; `for_types`: under TYPE_CHECKING."""

    module: str
    target: str
    for_types: bool


def imports_of(module: str, source: str) -> Iterator[Import]:
    """Every import of a module, wherever it stands in it; relative ones are refused."""
    tree = ast.parse(source)
    typed = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for body in node.body
        for inner in ast.walk(body)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            origin = node.module or ""
            targets = [f"{origin}.{alias.name}" for alias in node.names] if origin == PACKAGE else [origin]
            if origin.startswith(f"{PACKAGE}."):  # `from package import module` as well as names of a module
                targets = [
                    name if _path(name).exists() else origin
                    for name in (f"{origin}.{alias.name}" for alias in node.names)
                ]
        else:
            continue
        for target in dict.fromkeys(targets):
            yield Import(module, target, id(node) in typed)


def _path(module: str) -> Path:
    base = PROJECT / module.replace(".", "/")
    return base if base.is_dir() else base.with_suffix(".py")


def part_of(module: str) -> str:
    """The part of the application that a module belongs to; the top-level name of a package of others."""
    names = module.split(".")
    return names[1] if names[0] == PACKAGE and len(names) > 1 else names[0]


def is_own(module: str) -> bool:
    return module.split(".")[0] in (PACKAGE, "app")


def modules() -> dict[str, str]:
    """Every module of the application and its source."""
    paths = [PROJECT / "app.py", *sorted((PROJECT / PACKAGE).rglob("*.py"))]
    return {
        ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__"): path.read_text()
        for path in paths
    }


def all_imports() -> list[Import]:
    """Every import of the application, the standard library's left out."""
    return [
        found
        for module, source in modules().items()
        for found in imports_of(module, source)
        if found.target.split(".")[0] not in sys.stdlib_module_names
    ]


IMPORTS = all_imports()


def arrows(imports: list[Import]) -> dict[tuple[str, str], list[Import]]:
    """From part to part, with the imports that make each arrow."""
    found: dict[tuple[str, str], list[Import]] = defaultdict(list)
    for each in imports:
        start, end = part_of(each.module), part_of(each.target)
        if is_own(each.target) and start != end and start != PACKAGE:
            found[start, end].append(each)
    return found


def refused(imports: list[Import]) -> list[str]:
    """What runs the wrong way, line by line."""
    told = []
    for (start, end), made_by in arrows(imports).items():
        for each in made_by:
            if end not in MAY[start]:
                told.append(f"{each.module} imports {each.target}: {start} may not import {end}")
            elif (start, end) in ONLY_TYPES and not each.for_types:
                told.append(f"{each.module} imports {each.target} not only for types")
    return told


def test_no_arrow_runs_back() -> None:
    assert refused(IMPORTS) == []


def test_what_is_allowed_runs_one_way() -> None:
    order = list(TopologicalSorter(MAY).static_order())
    assert order[-1] == "app"
    assert set(order) == MAY.keys()


def test_every_part_stands_in_the_graph_and_every_arrow_is_used() -> None:
    assert {part_of(module) for module in modules()} - {PACKAGE} == MAY.keys()
    assert arrows(IMPORTS).keys() == {(start, end) for start, ends in MAY.items() for end in ends}


def test_modules_import_each_other_in_one_direction_too_for_types_as_well() -> None:
    graph = defaultdict(set)
    for each in IMPORTS:
        if is_own(each.target) and each.target != each.module:
            graph[each.module].add(each.target)
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_packages_of_others_are_imported_where_they_belong() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for each in IMPORTS:
        if not is_own(each.target) and not each.for_types:
            found[part_of(each.module)].add(part_of(each.target))
    assert found == PACKAGES


def test_ports_know_the_standard_library_alone() -> None:
    outside = {each.target for each in IMPORTS if part_of(each.module) == "ports"}
    assert {part_of(target) for target in outside} <= {"ports"}


@pytest.mark.parametrize(
    ("module", "line", "says"),
    [
        (
            "chalicelib.ledger.sweep",
            "from chalicelib.articles.work import Work",
            "ledger may not import articles",
        ),
        ("chalicelib.ports.queue", "import chalicelib.errors", "ports may not import errors"),
        ("chalicelib.articles.work", "from chalicelib import bootstrap", "articles may not import bootstrap"),
        (
            "chalicelib.adapters.x",
            "def f():\n  from chalicelib.web import call",
            "adapters may not import web",
        ),
        ("chalicelib.workers.x", "from chalicelib.bootstrap import Services", "not only for types"),
    ],
)
def test_an_arrow_that_runs_back_is_seen(module: str, line: str, says: str) -> None:
    (told,) = refused(list(imports_of(module, line)))
    assert says in told


def test_an_import_for_types_is_known_by_its_place() -> None:
    source = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from chalicelib.bootstrap import Services\n"
    )
    assert refused(list(imports_of("chalicelib.workers.x", source))) == []
