"""docs/searching.md says what searches do: its tables and bounds are those of the code."""

import re
from typing import Any

import pytest

from chalicelib.adapters import opensearch_article_queries as queries
from chalicelib.adapters.opensearch_mapping import MAPPING
from chalicelib.articles import article_query, renewal, searching
from chalicelib.ports import article_words
from chalicelib.web import article_list, paging, routing
from tests.documents import code, table, text_of

DOCUMENT = "searching.md"
TEXT = text_of(DOCUMENT)


@pytest.mark.parametrize("row", table(DOCUMENT, "Words"), ids=lambda row: row["`q`"])
def test_each_example_of_words_finds_what_it_says(row: dict[str, str]) -> None:
    (asked,) = code(row["`q`"])
    for value in code(row["finds an article that has"]):
        words = article_words.words_of({"F_80000": value})
        assert article_words.is_found(article_words.words_asked(asked), words), value


def test_parameters_are_those_of_the_call() -> None:
    (route,) = (each for each in routing.ROUTES if each.name == "findArticles")
    documented = [name for row in table(DOCUMENT, "Parameters") for name in code(row["parameter"])]
    called = [re.sub(r"(?<=[FC]_)\d+", "<int>", each.name) for each in route.parameters]
    assert sorted(documented) == sorted(called)
    filters = {
        name for row in table(DOCUMENT, "Parameters") if row["filter"] for name in code(row["parameter"])
    }
    assert {name for name in filters if "<" not in name} == {
        each.name
        for each in route.parameters
        if each.name in (article_query.TEXT, article_query.UPDATED_SINCE)
    }


def test_fields_are_those_of_the_index_that_are_searched() -> None:
    documented = {code(row["field"])[0] for row in table(DOCUMENT, "How it works")}
    properties: Any = MAPPING["properties"]
    stored = queries.search_fields({"id": "1", "F_1": "1"}, 1).keys()
    assert stored < documented <= properties.keys()
    assert documented - stored == {"number", "updated_at"}


def test_bounds_are_those_of_the_code() -> None:
    said = " ".join(TEXT.split())
    for bound in (
        f"at most {article_query.MOST_WORDS} in {article_query.MOST_CHARACTERS} characters",
        f"{article_query.MOST_VALUES} values in all",
        f"{paging.PER_PAGE}, up to {paging.MOST_PER_PAGE}",
        f"keys with commas, at most {article_list.MOST_FIELDS}",
        f"classifications with commas, at most {article_list.MOST_FACETS}",
        f"their first {article_words.LONGEST_WORD} characters. Of one article {article_words.MOST_WORDS:,} words",
        f"come first, at most {searching.MOST_FACET_VALUES}",
        f"Values of more than {queries.CLASSIFICATION_LENGTH} characters",
        f"a value of more than {queries.FEATURE_LENGTH} characters, or a key of more than {queries.KEY_LENGTH},",
        f"{renewal.MOST_PER_RUN:,} articles a minute",
    ):
        assert bound in said, bound
    assert renewal.READ == 50
    assert "find fifty" in said
