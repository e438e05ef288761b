"""Examples of what the API answers, for its documentation; those of the contract are its own."""

ARTICLE = {
    "id": "12411116",
    "F_1": "12411116",
    "F_3": "BH30-IP20-LG08-CRI90-6,1W-4K-BM45°-RFL-WHT-IDD350mADC(DALI)",
    "F_5": "",
    "F_80000": "BULLET HOLE 30 - IP20 - LED G08 - CRI 90 - 6,1 W - 4000K - BEAM 45°-REFLECTOR",
    "F_80001": "MATT WHITE TEXTURED - INCL. DIM. DRIVER 350mA DC (DALI)",
    "F_80002": "",
    "F_80003": "",
    "F_80007": "",
    "C_75048": "BULLET HOLE",
    "C_75027": "BULLET HOLE 30",
    "C_75000": "INDOOR",
    "C_75001": "CEILING",
    "F_80006": "20/06/2022",
}
URL = "http://localhost/data/test.TestHandleSyncRequestMix.json"
FILE_PAYLOAD = {
    "file": URL,
    "tries": 1,
    "timeout": 300,
    "failOnTimeout": True,
    "queue": "delta-file",
    "middleware": [],
    "chained": [],
}
FAILED_JOB = {
    "errors": ["Trying to add feature to an existing article, but the article does not exist: 12411112"],
    "payload": {
        "articleData": {"F_1": "12411112", "F_80004": "248,28"},
        "file": URL,
        "operation": "replace-article-feature",
        "tries": 1,
        "timeout": 60,
        "failOnTimeout": True,
        "queue": "delta-article",
        "middleware": [],
        "chained": [],
    },
}
JOB = {
    "id": "17-3",
    "queue": "delta-article",
    "state": "failed",
    "file_id": "17",
    "file": URL,
    "position": 3,
    "operation": "replace-article-feature",
    "article": "12411112",
    "errors": ["Trying to add feature to an existing article, but the article does not exist: 12411112"],
    "cause": "rule",
    "blocked_by": None,
    "accepted_at": "2026-11-22T05:16:35Z",
    "started_at": None,
    "finished_at": None,
}
DELTA_FILE = {
    "id": "17",
    "name": URL,
    "state": "failed",
    "strict": False,
    "entries": 3,
    "counts": {"queued": 0, "succeeded": 1, "failed": 1, "blocked": 1, "cleared": 0, "flushed": 0},
    "errors": [
        {
            "job": "17-3",
            "article": "12411112",
            "errors": [
                "Trying to add feature to an existing article, but the article does not exist: 12411112"
            ],
            "cause": "rule",
        }
    ],
    "accepted_at": "2026-11-22T05:16:35Z",
    "started_at": "2026-11-22T05:16:36Z",
    "sent_at": "2026-11-22T05:16:38Z",
    "finished_at": "2026-11-22T05:17:00Z",
}
USER_ROW = {
    "name": "quis",
    "email": "muhammad.davis@example.org",
    "is_admin": False,
    "created_at": "2024-05-01T08:00:00Z",
    "tokens_count": 1,
    "last_used_at": None,
    "tokens": [
        {"name": "api", "created_at": "2024-05-01T08:00:00Z", "last_used_at": None, "expires_at": None}
    ],
}


def success(message: str, data: object) -> dict[str, object]:
    """The envelope around an example."""
    return {"status": "success", "message": message, "data": data}
