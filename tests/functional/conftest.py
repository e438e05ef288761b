"""One application on doubles, a user, and an administrator."""

import pytest

from chalicelib.web.gateway import HttpApi
from tests.functional.gateway import Gateway
from tests.functional.stand_ins import StandIns


@pytest.fixture
def services() -> StandIns:
    return StandIns()


@pytest.fixture
def api(services: StandIns) -> HttpApi:
    return HttpApi("lightrail", services)


@pytest.fixture
def anyone(api: HttpApi) -> Gateway:
    return Gateway(api)


@pytest.fixture
def user(api: HttpApi, services: StandIns) -> Gateway:
    return Gateway(api, services.token("user@example.org"))


@pytest.fixture
def admin(api: HttpApi, services: StandIns) -> Gateway:
    return Gateway(api, services.token("admin@example.org", admin=True))
