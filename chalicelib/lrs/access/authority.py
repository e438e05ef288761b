"""The authority that is written on what a client records."""

from collections.abc import Mapping

from chalicelib.lrs.options import PipelineOptions

HOME_PAGE = "https://lightrail.invalid/clients"
"""The home page of clients that set none: the same behind every address, and nobody's (RFC 2606)."""


def authority_of(client: str, options: PipelineOptions) -> Mapping[str, object]:
    """The agent, as xAPI JSON, in whose name the client (its slug) records: an account."""
    account = {
        "homePage": options.authority_homepage or HOME_PAGE,
        "name": options.authority_name or client,
    }
    return {"objectType": "Agent", "account": account}
