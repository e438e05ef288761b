"""The calls of cmi5, as the OpenAPI document describes them."""

from __future__ import annotations

from chalicelib.lrs.cmi5.tokens import LIFE_SECONDS
from chalicelib.web.lrs.documentation.form import Answered, Described, json_content
from chalicelib.web.lrs.documentation.parameters import required
from chalicelib.web.schemas import ref

TAG = "cmi5"

DESCRIBED: dict[str, Described] = {
    "cmi5CreateToken": Described(
        TAG,
        "Issue a token",
        f"For one learner and one activity, for {LIFE_SECONDS // 3600} hours.",
        {
            200: Answered(
                "The xAPI endpoint and the token, which is the value of HTTP Basic itself.",
                json_content(
                    ref("Token"),
                    {"endpoint": "https://host/api/lrs/lms/stores/main/xapi", "token": "Y21pNS10b2tlbg"},
                ),
            )
        },
        json_content(
            ref("TokenRequest"),
            {
                "activity_id": "https://lms.example.org/au/17",
                "agent": {"account": {"homePage": "https://lms.example.org", "name": "1625378"}},
                "origin": "https://content.example.org",
            },
        ),
        (415,),
    ),
    "cmi5Fetch": Described(
        TAG,
        "Fetch a token, once",
        "The fetch URL of cmi5: exchanges the token in it for another, without credentials. A second call is told so.",
        {
            200: Answered(
                "The token, or why there is none.",
                json_content(ref("FetchedToken"), {"auth-token": "Y21pNS1"}),
            )
        },
        query={"token": required("token")},
    ),
}
