"""Entity tags and conditions as RFC 9110 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import PreconditionFailed
from chalicelib.ports.article_store import Version
from chalicelib.web.preconditions import MalformedCondition, Preconditions, Tags, etag, preconditions_of

CHARACTERS = st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters='"\x7f')
VERSIONS = st.builds(Version, st.integers(0, 2**60), st.integers(1, 2**30))
GAPS = st.sampled_from(["", " ", "\t", " , ", ",,", ", \t,"])


@given(VERSIONS, VERSIONS)
def test_two_versions_have_one_tag_only_if_they_are_one(one: Version, other: Version) -> None:
    assert (etag(one) == etag(other)) is (one == other)


@given(st.lists(st.tuples(st.booleans(), st.text(CHARACTERS, max_size=12), GAPS), min_size=1, max_size=6))
def test_a_list_is_read_as_it_was_written(tags: list[tuple[bool, str, str]]) -> None:
    text = ",".join(f'{gap}{"W/" if weak else ""}"{tag}" ' for weak, tag, gap in tags)
    strong = frozenset(tag for weak, tag, _ in tags if not weak)
    weak = frozenset(tag for weak, tag, _ in tags if weak)
    assert preconditions_of({"if-match": text}) == Preconditions(Tags(strong, weak))


@given(VERSIONS, VERSIONS)
def test_what_may_be_read_again_is_what_may_not_be_made_anew(one: Version, other: Version) -> None:
    known = preconditions_of({"if-none-match": f"W/{etag(one)}"})
    assert known.spare(other) is (one == other)
    if one == other:
        with pytest.raises(PreconditionFailed):
            known.check(other)
    else:
        known.check(other)


@given(st.text(max_size=40))
def test_no_header_is_a_bug(text: str) -> None:
    try:
        found = preconditions_of({"if-match": text}).if_match
    except MalformedCondition:
        return
    assert found is not None
    assert found.any or found.strong or found.weak
