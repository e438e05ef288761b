"""All documents: links lead somewhere, and what a person is told to run or to open is there."""

import argparse
import json
import re
from pathlib import Path

import pytest

from infra.cli.main import build_parser
from tests.documents import DOCUMENTS, PROJECT, anchors, code, commands, fenced, links, named, once, table


def test_every_command_of_the_command_line_stands_in_the_operations() -> None:
    assert once(named(table("operations.md", "The command line"), "command")) == {
        " ".join(("lightrail", *words)) for words in command_line()
    }


def command_line() -> dict[tuple[str, ...], argparse.ArgumentParser]:
    """Every sub-command that does something, with its parser."""
    found = {}

    def walk(parser: argparse.ArgumentParser, words: tuple[str, ...]) -> None:
        groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        if not groups:
            found[words] = parser
        for group in groups:
            for word, inner in group.choices.items():
                walk(inner, (*words, word))

    walk(build_parser(), ())
    return found


def make_targets() -> set[str]:
    """The targets that `make help` lists."""
    return set(re.findall(r"^([a-z-]+):.*## ", (PROJECT / "Makefile").read_text(), re.MULTILINE))


def test_every_target_of_make_stands_in_the_readme() -> None:
    told = once(named([{"command": row["command"]} for row in table("README.md", "Two commands")], "command"))
    assert told == {f"make {target}" for target in make_targets()}


def test_every_file_that_a_document_names_is_there() -> None:
    named_paths = {
        (path.name, found)
        for path in DOCUMENTS
        for found in code(path.read_text())
        if re.fullmatch(r"(?:chalicelib|infra|tests|docs)/[\w./-]*|[\w-]+\.(?:toml|txt|md)", found)
    }
    missing = [
        f"{name}: {found}"
        for name, found in sorted(named_paths)
        if not (PROJECT / found).exists() and not (PROJECT / "docs" / found).exists()
    ]
    assert missing == []
    assert len(named_paths) > 30


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in links(path):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.is_file(), f"{path.name}: {target}"
        if anchor:
            assert anchor in anchors(file), f"{path.name}: {target}"


def test_every_document_stands_in_the_index() -> None:
    told = set(links(PROJECT / "docs" / "index.md"))
    there = {path.name for path in (PROJECT / "docs").iterdir() if path.is_file() and path.name != "index.md"}
    assert told == there


def test_commands_that_the_documents_name_are_there() -> None:
    known = command_line()
    called = commands("lightrail")
    assert called
    for command in called:
        words = tuple(word for word in command.words if re.fullmatch(r"[a-z-]+", word))
        found = next((known[words[:n]] for n in (3, 2, 1) if words[:n] in known), None)
        if command.words == ("COMMAND", "--help"):
            continue
        assert found is not None, f"{command.document}: lightrail {' '.join(command.words)}"
        options = {option for action in found._actions for option in action.option_strings}
        used = {word for word in command.words if word.startswith("--")}
        assert used <= options, f"{command.document}: lightrail {' '.join(command.words)}"


def test_targets_of_make_that_the_documents_name_are_there() -> None:
    called = commands("make")
    assert called
    unknown = [
        f"{command.document}: make {command.words[0]}"
        for command in called
        if command.words[0] not in make_targets()
    ]
    assert unknown == []


def test_modules_that_the_documents_run_are_there() -> None:
    called = commands("python") + commands("python -m")
    modules = {
        command.words[-1 if command.words[0] != "-m" else 1] for command in called if "-m" in command.words
    }
    assert modules
    for module in modules:
        path = PROJECT / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_samples_in_json_are_json(path: Path) -> None:
    for sample in fenced(path, "json"):
        json.loads(sample)
