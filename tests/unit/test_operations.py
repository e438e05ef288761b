"""The six operations of a delta file on one article."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.articles.document import new_document
from chalicelib.articles.operations import (
    OPERATIONS,
    Changed,
    Failed,
    Unchanged,
    apply_operation,
    canonical_operation,
)
from tests.unit.test_document import changes, documents

stored = new_document("7", {"F_3": "code", "F_80004": "248,28"})


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ("replace-article", "Trying to replace an existing article, but the article does not exist: 7"),
        ("delete-article", "Trying to delete an existing article, but the article does not exist: 7"),
        (
            "add-article-feature",
            "Trying to add feature to an existing article, but the article does not exist: 7",
        ),
        (
            "replace-article-feature",
            "Trying to add feature to an existing article, but the article does not exist: 7",
        ),
        (
            "delete-article-feature",
            "Trying to delete feature from an existing article, but the article does not exist: 7",
        ),
    ],
)
def test_what_needs_an_article_fails_where_there_is_none(operation: str, text: str) -> None:
    assert apply_operation(operation, "7", {"F_3": "x"}, None) == Failed(text)


def test_adding_creates_the_article_in_the_order_of_the_entry() -> None:
    result = apply_operation("add-article", "7", {"F_1": "7", "C_2": "", "F_3": "x"}, None)
    assert isinstance(result, Changed)
    assert result.document is not None
    assert list(result.document.items()) == [("id", "7"), ("F_1", "7"), ("C_2", ""), ("F_3", "x")]


def test_adding_what_exists_fails() -> None:
    assert apply_operation("add-article", "7", {"F_3": "code"}, stored) == Failed(
        "Trying to add an article, but the article already exists: 7"
    )


def test_adding_the_identical_article_is_nothing_to_do_whatever_the_order_of_its_keys() -> None:
    assert apply_operation("add-article", "7", {"F_80004": "248,28", "F_3": "code"}, stored) == Unchanged()


def test_replacing_lets_absent_keys_vanish() -> None:
    assert apply_operation("replace-article", "7", {"F_9": "new"}, stored) == Changed(
        {"id": "7", "F_1": "7", "F_9": "new"}
    )


def test_deleting_leaves_no_document() -> None:
    assert apply_operation("delete-article", "7", {}, stored) == Changed(None)


@pytest.mark.parametrize("operation", ["add-article-feature", "replace-article-feature"])
def test_setting_features_keeps_the_others(operation: str) -> None:
    assert apply_operation(operation, "7", {"F_3": "", "C_1": '½"'}, stored) == Changed(
        {"id": "7", "F_1": "7", "F_3": "", "F_80004": "248,28", "C_1": '½"'}
    )


def test_deleting_features_ignores_values_and_absent_ones_and_spares_the_number() -> None:
    entry = {"F_1": "7", "F_3": None, "F_99": "never existed"}
    assert apply_operation("delete-article-feature", "7", entry, stored) == Changed(
        {"id": "7", "F_1": "7", "F_80004": "248,28"}
    )


def test_an_article_that_would_become_too_large_is_a_failure_that_names_it() -> None:
    large = {f"F_{key}": "x" * 32_000 for key in range(2, 9)}
    for operation, current in [
        ("add-article", None),
        ("replace-article", stored),
        ("add-article-feature", stored),
    ]:
        result = apply_operation(operation, "7", large, current)
        assert isinstance(result, Failed)
        assert result.text.startswith("The article would be 224")
        assert result.text.endswith("bytes, more than the 200 KB that one may have: 7")


@pytest.mark.parametrize("operation", ["add-article", "replace-article", "add-article-feature"])
def test_null_is_never_stored(operation: str) -> None:
    with pytest.raises(ValueError, match="null"):
        apply_operation(operation, "7", {"F_3": None}, None if operation == "add-article" else stored)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        *((name, name) for name in sorted(OPERATIONS)),
        ("remove-article", "delete-article"),
        ("remove-article-feature", "delete-article-feature"),
        ("add", None),
        ("Add-Article", None),
        ("", None),
    ],
)
def test_operations_are_known_by_their_names_and_aliases(name: str, canonical: str | None) -> None:
    assert canonical_operation(name) == canonical


REPEATABLE = sorted(OPERATIONS - {"delete-article"})


@given(st.sampled_from(REPEATABLE), changes, st.one_of(st.none(), documents))
def test_all_but_a_deletion_may_be_repeated_with_the_same_outcome(
    operation: str, new: dict[str, str], current: dict[str, str] | None
) -> None:
    number = current["id"] if current else "7"
    first = apply_operation(operation, number, new, current)
    if isinstance(first, Changed):
        again = apply_operation(operation, number, new, first.document)
        assert again in (Unchanged(), Changed(first.document))
    else:
        assert apply_operation(operation, number, new, current) == first


@given(st.sampled_from(sorted(OPERATIONS)), changes, documents)
def test_no_operation_touches_the_document_it_was_given(
    operation: str, new: dict[str, str], current: dict[str, str]
) -> None:
    before = list(current.items())
    apply_operation(operation, current["id"], new, current)
    assert list(current.items()) == before


@given(changes, documents)
def test_features_set_and_deleted_again_are_gone(new: dict[str, str], current: dict[str, str]) -> None:
    added = apply_operation("add-article-feature", current["id"], new, current)
    assert isinstance(added, Changed)
    left = apply_operation("delete-article-feature", current["id"], new, added.document)
    assert left == Changed({key: value for key, value in current.items() if key not in new})
