"""Reading a picture in slices: always the same articles, whatever the pages of the store are; filters; digests."""

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.exports import scanning
from chalicelib.exports.digests import FILES, Digests
from chalicelib.exports.scanning import SLICE, Scanning, chosen, keys_needed
from chalicelib.ports.article_scan import ScanPage, Selection
from chalicelib.ports.article_search import ArticleQuery
from chalicelib.ports.article_store import Article, Hidden
from tests.doubles.article_scan import MemoryScan
from tests.doubles.article_search import MemoryArticleSearch
from tests.doubles.article_store import MemoryArticleStore


def lazily(read: Callable[[], ScanPage]) -> Callable[[], ScanPage]:
    return read


def store_of(count: int) -> MemoryArticleStore:
    store = MemoryArticleStore()
    store.write_many([Article(f"{number:05d}", {"F_1": f"{number:05d}"}) for number in range(count)])
    return store


def slices(scan: MemoryScan, picture: str, after: str = "") -> list[list[str]]:
    reader, found = Scanning(scan, picture, Selection(), after, lazily), []
    while articles := reader.slice():
        found.append([article.number for article in articles])
        assert reader.after == found[-1][-1]
    return found


@given(
    count=st.integers(0, 300),
    per_page=st.integers(1, 200),
    other=st.integers(1, 200),
    begin=st.integers(0, 4),
)
def test_slices_are_the_same_whatever_the_pages_are_and_wherever_one_goes_on(
    count: int, per_page: int, other: int, begin: int
) -> None:
    scan = MemoryScan(store_of(count), per_page)
    picture = scan.take()
    found = slices(scan, picture)
    assert [number for each in found for number in each] == [f"{number:05d}" for number in range(count)]
    assert all(len(each) == SLICE for each in found[:-1])
    scan.per_page = other
    if begin < len(found):
        after = found[begin - 1][-1] if begin else ""
        assert slices(scan, picture, after) == found[begin:]


def test_large_articles_make_shorter_slices_which_are_the_same_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "SLICE_CHARACTERS", 1000)
    store = MemoryArticleStore()
    sizes = [10, 1500, 400, 400, 400, 10, 990, *[1] * 70]
    store.write_many([Article(f"{n:02d}", {"F_3": "x" * size}) for n, size in enumerate(sizes)])
    scan = MemoryScan(store, 5)
    picture = scan.take()
    found = slices(scan, picture)
    assert [len(each) for each in found] == [2, 3, 3, SLICE, 5]
    scan.per_page = 100
    for place, each in enumerate(found):
        assert slices(scan, picture, each[-1]) == found[place + 1 :]


DOCUMENTS = {
    "1": {"F_3": "BH30-IP20", "F_80000": "Deckenleuchte 6,1 W", "C_1": "INDOOR"},
    "2": {"F_3": "BH40", "F_80000": 'Spot ½" 45°', "C_1": "OUTDOOR"},
    "3": {"F_3": "", "F_80000": "Éclairage", "C_1": "INDOOR", "C_2": "x" * 300},
    "4": {},
}
QUERIES = [
    {"text": "decken"},
    {"text": "6,1 W"},
    {"text": "eclair"},
    {"text": "ip20"},
    {"text": "45°"},
    {"values": {"C_1": ("INDOOR",)}},
    {"values": {"C_1": ("INDOOR", "OUTDOOR"), "F_3": ("BH40",)}},
    {"values": {"F_3": ("",)}},
    {"values": {"C_2": ("x" * 300,)}},
    {"values": {"F_1": ("2", "4")}},
    {"text": "bh", "values": {"C_1": ("OUTDOOR",)}},
    {},
]


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_a_filter_chooses_what_a_search_finds(query: dict[str, object]) -> None:
    store = MemoryArticleStore()
    store.write_many(
        [Article(number, {"id": number, "F_1": number, **values}) for number, values in DOCUMENTS.items()]
    )
    asked = ArticleQuery(**query)  # type: ignore[arg-type]
    scan = MemoryScan(store, 100)
    page = scan.page(scan.take(), Selection(keys=keys_needed(asked, ["F_3"])), "")
    found = [article.number for article in chosen(asked)(page.articles)]
    assert found == [each.number for each in MemoryArticleSearch(store).find(asked, None, 100)]


def test_marks_of_deleted_articles_meet_every_filter() -> None:
    store = MemoryArticleStore()
    store.write_many([Article("1", None, Hidden(updated_at=1.0))])
    scan = MemoryScan(store, 100)
    page = scan.page(scan.take(), Selection(marks=True), "")
    assert [each.number for each in chosen(ArticleQuery(values={"C_1": ("a",)}))(page.articles)] == ["1"]


def test_a_digest_is_known_where_all_bytes_were_added_each_once() -> None:
    digests = Digests()
    digests.add("a", 0, b"one")
    digests.add("a", 0, b"one")
    digests.add("a", 3, b"two")
    digests.add("a", 3, b"two")
    digests.add("a", 9, b"later")
    assert digests.done("a") == 6
    assert digests.of("a", 6) == hashlib.sha256(b"onetwo").hexdigest()
    assert digests.of("a", 7) is None
    assert digests.of("b", 1) is None
    assert digests.of("b", 0) is not None


def test_digests_of_the_last_few_files_are_kept() -> None:
    digests = Digests()
    for number in range(FILES + 1):
        digests.add(str(number), 0, b"x")
    assert digests.of("0", 1) is None
    assert digests.of(str(FILES), 1) is not None
