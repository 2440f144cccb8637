"""One embedded server for all tests of this room, and a database of its own for each test that asks."""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.host.helpers import Server

from tongxin.host.database import Database, ensure
from tongxin.host.home import Home
from tongxin.host.supervisor import Supervisor


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def supervisor(home: Home) -> Iterator[Supervisor]:
    supervisor = Supervisor(home)
    yield supervisor
    supervisor.stop()


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user may reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as path:
        Path(path).chmod(0o755)
        yield Path(path)


_numbers = itertools.count(1)


@pytest.fixture
def owner_url(server: Server) -> str:
    """The owner's address of a database that does not exist yet."""
    return server.embedded.owner_url(f"test_{next(_numbers)}")


@pytest.fixture
def database(owner_url: str, server: Server) -> Database:
    return ensure(owner_url, None, server.home.secrets().app_password)
