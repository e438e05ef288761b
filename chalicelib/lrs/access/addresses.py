"""The addresses of a client."""

from typing import TypedDict


class Endpoints(TypedDict):
    """Where a client calls: jobs, logs and access hang on the base endpoint, data on the store endpoint."""

    base_endpoint: str
    store_endpoint: str
    xapi_endpoint: str
    cmi5_endpoint: str


def endpoints(root: str, client: str, store: str) -> Endpoints:
    """The endpoints of a client of a store (both slugs) below the address of the stage, such as `https://host/api`."""
    base = f"{root.rstrip('/')}/lrs/{client}"
    in_store = f"{base}/stores/{store}"
    return Endpoints(
        base_endpoint=base,
        store_endpoint=in_store,
        xapi_endpoint=f"{in_store}/xapi",
        cmi5_endpoint=f"{in_store}/cmi5/tokens",
    )
