"""Articles on their way out, and mappings to write them with."""

import json
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from chalicelib.articles.export.mapping import ExportMapping
from chalicelib.articles.export.reading import read_mapping
from chalicelib.articles.export.records import Chunk, Exported, FailedRow, State, Writer

KEYS = ("F_2", "F_3", "F_4", "F_5", "C_75000")
HARD = [
    "",
    '"',
    '""',
    ";",
    "\r\n",
    "\n",
    "\r",
    " x ",
    "a;b",
    "=1+1",
    '½"',
    "45°",
    "–",
    "日本",
    "🔦",
    "\t",
    "<&>",
    "]]>",
    "'",
]

TEXTS = st.one_of(st.sampled_from(HARD), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
NUMBERS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=12
)
DOCUMENTS = st.dictionaries(st.sampled_from(KEYS), TEXTS)
TIMES = st.integers(0, 4_000_000_000_000).map(lambda milliseconds: milliseconds / 1000)
ARTICLES = st.builds(
    lambda number, document, time: article(number, document, time),
    NUMBERS,
    st.none() | DOCUMENTS,
    TIMES,
)


def article(number: str, document: dict[str, str] | None, updated_at: float = 0.0) -> Exported:
    """An article with its number in the document too; None: the mark of a deleted one."""
    whole = None if document is None else {"id": number, "F_1": number, **document}
    return Exported(number, whole, updated_at)


def mapping_of(format_name: str, columns: list[dict[str, Any]], **fields: Any) -> ExportMapping:
    """A mapping with these columns; JSON is YAML."""
    return read_mapping(mapping_text(format_name, columns, **fields))


def mapping_text(format_name: str, columns: list[dict[str, Any]], **fields: Any) -> bytes:
    return json.dumps({"version": 1, "format": format_name, **fields, "columns": columns}).encode()


def written(
    writer: Writer, articles: Iterable[Exported], cuts: Iterable[int] = ()
) -> tuple[bytes, list[Chunk]]:
    """A whole file, written in chunks that end at these places; the state goes through JSON, as between processes."""
    items = list(articles)
    places = sorted({0, len(items), *(cut % (len(items) + 1) for cut in cuts)})
    state: State = writer.start
    data, chunks = writer.begin(), []
    for start, end in zip(places, [*places[1:], len(items)], strict=True):
        chunk = writer.write(iter(items[start:end]), json.loads(json.dumps(state)))
        state = chunk.state
        data += chunk.data
        chunks.append(chunk)
    return data + writer.end(state), chunks


def failures(chunks: Iterable[Chunk]) -> list[FailedRow]:
    return [failed for chunk in chunks for failed in chunk.failed]


def reasons(chunks: Iterable[Chunk]) -> list[tuple[str, str, str]]:
    """Article, column and reason of all that failed."""
    return [(row.number, fault.column, fault.reason) for row in failures(chunks) for fault in row.faults]
