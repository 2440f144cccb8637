"""One embedded server for all tests; one prepared database for those that only read and roll back; the fixed cast.

Room tests run as the application role, inside a transaction that is rolled back: they meet exactly the rights of the product.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypotheses
from pytest_django import DjangoDbBlocker
from tests.cast import COUNTY, Cast, act_one
from tests.elsewhere import Elsewhere, There
from tests.host.helpers import Server, environment

from tongxin.base.clock import SHANGHAI
from tongxin.host.database import Database, ensure
from tongxin.host.home import Home
from tongxin.host.postgres import Embedded
from tongxin.host.settings import database as described
from tongxin.host.supervisor import Supervisor
from tongxin.orders.models import Clock
from tongxin.orders.queries import forget_clock
from tongxin.people.actions import found
from tongxin.people.queries import scope_of

hypotheses.register_profile("mutants", max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

TONIGHT = datetime(2022, 3, 22, 21, 0, tzinfo=SHANGHAI)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An embedded PostgreSQL, supervised."""
    home = Home(tmp_path_factory.mktemp("shared") / "home")
    embedded, supervisor = Embedded(home), Supervisor(home)
    embedded.initialise()
    try:
        supervisor.start(embedded.child())
        yield Server(home, embedded, supervisor)
    finally:
        supervisor.stop()
        embedded.remove()


def prepare(database: Database) -> None:
    """Make a database ready as the supervisor does: in a process of the owner's."""
    owners = {"TONGXIN_DATABASE": database.owner_url, "TONGXIN_APP_ROLE": database.app_role}
    subprocess.run([sys.executable, "-m", "tongxin.host.prepare"], env=environment() | owners, check=True)


@pytest.fixture(scope="session")
def prepared(server: Server) -> Database:
    """A database with areas and a founder."""
    made = ensure(server.embedded.owner_url("rooms"), None, server.home.secrets().app_password)
    prepare(made)
    return made


@pytest.fixture(scope="session")
def django_db_setup(prepared: Database) -> None:
    """Let Django work on the prepared database, as the application role. No connection exists yet."""
    settings.DATABASES["default"].update(described(prepared.app_url))


@pytest.fixture
def night(db: None) -> Iterator[datetime]:
    """A drill clock that stands at nine in the evening."""
    until = TONIGHT + timedelta(hours=3)
    Clock.objects.create(start=TONIGHT, began=None, factor=1.0, until=until)
    forget_clock()
    yield TONIGHT
    forget_clock()


@pytest.fixture
def cast(night: datetime) -> Cast:
    """Who is there on the first night: everyone entered by the founder, an order issued by the commander."""
    return act_one(scope_of(found(COUNTY).id), night)


@pytest.fixture(scope="session")
def elsewhere(server: Server, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Elsewhere:
    """A database of its own for tests that commit, with the cast in it."""
    made = ensure(server.embedded.owner_url("elsewhere"), None, server.home.secrets().app_password)
    prepare(made)

    def enter() -> Cast:
        Clock.objects.create(start=TONIGHT, began=None, factor=1.0, until=TONIGHT + timedelta(hours=3))
        return act_one(scope_of(found(COUNTY).id), TONIGHT)

    with django_db_blocker.unblock(), There(made.app_url) as there:
        return Elsewhere(made, server.embedded.owner_url("postgres"), there.do(enter))


@pytest.fixture
def desk(cast: Cast) -> Client:
    """The commander at the desk."""
    return cast.at_desk("commander")


os.environ.setdefault("TONGXIN_LANGUAGE", "en")
# A runner in the background may ignore Ctrl-C and hang-ups; children would inherit that, and some tests send them.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
