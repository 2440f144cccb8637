import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.host.helpers import AS_ROOT, environment, run_as

from tongxin.host.home import AlreadyRunning, BadSecrets, Home, HomeDenied, Run

RUN = Run(os.getpid(), "http://127.0.0.1:8123", "http://127.0.0.1:8124", "postgresql://o", "postgresql://a")


def test_a_home_is_where_the_environment_says_or_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TONGXIN_HOME", raising=False)
    assert Home().path == tmp_path / "var"
    monkeypatch.setenv("TONGXIN_HOME", "elsewhere")
    assert Home().path == tmp_path / "elsewhere"


def test_secrets_are_made_once_all_different_and_for_this_user_only(home: Home) -> None:
    first = home.secrets()
    assert Home(home.path).secrets() == first
    assert len({first.owner_password, first.app_password, first.django, first.receipts}) == 4
    assert stat.S_IMODE((home.path / "secrets.json").stat().st_mode) == 0o600


def test_a_secret_that_is_new_to_an_older_home_is_added_and_the_others_stay(home: Home) -> None:
    first = home.secrets()
    older = {"owner_password": first.owner_password, "app_password": first.app_password, "django": first.django}
    (home.path / "secrets.json").write_text(json.dumps(older))
    second = home.secrets()
    assert (second.owner_password, second.app_password, second.django) == tuple(older.values())
    assert second.receipts
    assert home.secrets() == second


def test_a_damaged_secrets_file_is_refused_and_left_alone(home: Home) -> None:
    home.secrets()
    (home.path / "secrets.json").write_text("{")
    with pytest.raises(BadSecrets, match=r"secrets\.json"):
        home.secrets()
    assert (home.path / "secrets.json").read_text() == "{"


def test_a_run_is_seen_only_while_somebody_holds_the_lock(home: Home) -> None:
    home.announce(RUN)
    assert home.running() is None
    with home.lock():
        assert home.running() == RUN
        home.withdraw()
        assert home.running() is None
    assert home.running() is None


def test_an_unreadable_run_is_no_run(home: Home) -> None:
    with home.lock():
        (home.path / "run.json").write_text("nonsense")
        assert home.running() is None


def test_a_second_holder_is_refused_and_told_about_the_first(home: Home) -> None:
    with home.lock():
        home.announce(RUN)
        with pytest.raises(AlreadyRunning) as refusal, Home(home.path).lock():
            pass
    assert RUN.url in refusal.value.message
    assert str(RUN.pid) in refusal.value.message


def test_a_second_holder_is_refused_even_before_the_first_has_announced_itself(home: Home) -> None:
    with home.lock(), pytest.raises(AlreadyRunning, match=str(home.path)), Home(home.path).lock():
        pass


def test_the_lock_of_a_killed_process_is_free(home: Home) -> None:
    code = f"""
from pathlib import Path
from tongxin.host.home import Home
with Home(Path({str(home.path)!r})).lock():
    print("held", flush=True)
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning), home.lock():
            pass
        holder.kill()
        holder.wait()
    with home.lock():
        pass


@pytest.mark.skipif(not AS_ROOT, reason="only root can become somebody else")
def test_another_users_home_is_refused(open_directory: Path) -> None:
    home = Home(open_directory / "home")
    home.secrets()
    assert run_as("nobody", refusals, home.path) == [True, True]


def refusals(path: Path) -> list[bool]:
    """Tell whether its secrets and its lock are refused."""
    refused = []
    for attempt in (Home(path).secrets, Home(path).lock().__enter__):
        try:
            attempt()
        except HomeDenied:
            refused.append(True)
    return refused
