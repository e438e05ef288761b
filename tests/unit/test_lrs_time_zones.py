"""Which time zones a store may have, wherever the application runs."""

import zoneinfo
from collections.abc import Iterator

import pytest

from chalicelib.errors import Invalid
from chalicelib.lrs.access import stores
from chalicelib.schedule import local_time
from tests.doubles.access_store import InMemoryAccess
from tests.doubles.clock import FakeClock


@pytest.fixture
def bare_system() -> Iterator[None]:
    """A system that knows no time zones, as a small image of a runtime may be."""
    zoneinfo.reset_tzpath(to=[])
    local_time._zones.cache_clear()
    yield
    zoneinfo.reset_tzpath()
    local_time._zones.cache_clear()


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/Argentina/Ushuaia", "Asia/Kathmandu"])
def test_zones_are_known_whatever_the_system_has(bare_system: None, zone: str) -> None:
    made = stores.Stores(InMemoryAccess(), FakeClock()).create({"slug": "main", "timezone": zone})
    assert made.timezone == zone


@pytest.mark.parametrize(
    "zone", ["europe/paris", "CET+1", "../UTC", "/etc/localtime", "localtime", "Factory", "+02:00"]
)
def test_what_is_no_zone_is_told(bare_system: None, zone: str) -> None:
    access = stores.Stores(InMemoryAccess(), FakeClock())
    with pytest.raises(Invalid) as caught:
        access.create({"slug": "main", "timezone": zone})
    assert list(caught.value.faults) == ["timezone"]
