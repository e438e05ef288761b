"""The format of delta files: unpacking, streaming reading, and reading a part again.

UTF-8 (a byte order mark is allowed), optionally gzip; a JSON array or one object a line (NDJSON) of
`{"operation": …, "articleData": {"F_1": number, …}}`.
"""

from chalicelib.articles.delta_entry import DeltaEntry
from chalicelib.articles.delta_reader import read_entries, read_range
from chalicelib.articles.delta_unpack import Limits, unpack

__all__ = ["DeltaEntry", "Limits", "read_entries", "read_range", "unpack"]
