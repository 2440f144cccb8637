"""Any county: chosen by name, ready for its desk, beside others; whatever is wrong with the name is said and changes nothing."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from tests.e2e.conftest import command, run, until_up
from tests.host.helpers import Server, eventually, fetch

from tongxin.base import clock
from tongxin.host.ports import free_port
from tongxin_drill.client import Desk, DoorError

COMMANDER = r"((?:\w{4}-){2}\w{4})  Commander"
COUNTIES = "SELECT code FROM places_area WHERE level = 'county' ORDER BY code"
CONNECTED = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
SIZE = "SELECT count(*) FROM places_area WHERE code LIKE '310115%'"


@contextmanager
def running(home: Path, **more: str) -> Iterator[tuple[str, str]]:
    """Run everything while the context lasts; yields the desk's address and what was printed."""
    port = free_port()
    with command(home, "up", "--port", str(port), **more) as process:
        try:
            yield f"http://127.0.0.1:{port}", until_up(process)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()


def code_in(said: str) -> str:
    (found,) = re.findall(COMMANDER, said)
    return str(found)


def test_a_second_county_is_chosen_by_name_and_its_desk_signs_in(server: Server, tmp_path: Path) -> None:
    url, home = server.embedded.owner_url("changsha"), tmp_path / "home"
    code, said = run(home, "county", "长沙县", DATABASE_URL=url)
    assert (code, "Changsha County" in said) == (0, True), said
    assert fetch(url, COUNTIES) == [("430121000000",)], "and no other"
    assert fetch(url, "SELECT count(*) FROM places_area") == [(244,)]

    refused, why = run(home, "drill", "first-night", "--fresh", DATABASE_URL=url)
    assert (refused, "[host.rehearsal_refused]" in why, "长沙县" in why) == (2, True, True), "members may be entered here already"

    with running(home, DATABASE_URL=url) as (address, printed), Desk(address) as desk:
        assert desk.sign_in(code_in(said))["roles"] == ["commander"], "by the code that was printed when it was chosen"
        assert desk.sign_in(code_in(printed))["roles"] == ["commander"]
        place = {"id": str(uuid4()), "name": "某馆", "name_en": "A hall", "category": "worship", "area": "430121001001"}
        assert desk.post("places", {"places": [place]}) == {"created": 1, "unchanged": 0}
        assert fetch(url, COUNTIES) == [("430121000000",)], "a start adds none"


def test_a_city_without_counties_is_chosen_by_the_setting_and_another_beside_it_while_it_runs(
    server: Server, tmp_path: Path
) -> None:
    url, home = server.embedded.owner_url("dongguan"), tmp_path / "home"
    with running(home, DATABASE_URL=url, TONGXIN_COUNTY="东莞市") as (address, printed), Desk(address) as desk:
        assert fetch(url, COUNTIES) == [("441900000000",)]
        assert desk.sign_in(code_in(printed))["roles"] == ["commander"]
        clerk = clerk_of_town(desk, "441900003000")
        with Desk(address) as town:
            town.sign_in(clerk)
            place = {"id": str(uuid4()), "name": "某馆", "name_en": "A hall", "category": "worship", "area": "441900003001"}
            assert town.post("places", {"places": [place]})["created"] == 1
            with pytest.raises(DoorError, match=r"people\.forbidden"):
                town.post("places", {"places": [place | {"id": str(uuid4()), "area": "441900005001"}]})

        code, said = run(home, "county", "420106", DATABASE_URL=url)  # 武昌区
        assert code == 0, said
        assert fetch(url, COUNTIES) == [("420106000000",), ("441900000000",)]
        with Desk(address) as second:
            second.sign_in(code_in(said))
            with pytest.raises(DoorError, match=r"people\.forbidden"):
                second.post("places", {"places": [place | {"id": str(uuid4())}]})


def clerk_of_town(desk: Desk, town: str) -> str:
    """Enter a secretary who serves one town; return a code to sign in with."""
    office, clerk = str(uuid4()), str(uuid4())
    named = {"name": "某", "name_en": "Some"}
    desk.post("organisations", {"organisations": [named | {"id": office, "kind": "office", "areas": [town]}]})
    role = {"kind": "secretary", "organisation": office, "areas": [town], "since": clock.from_ms(0)}
    desk.post("members", {"members": [named | {"id": clerk, "roles": [role]}]})
    return str(desk.post("sign-in-codes", {"members": [clerk]})["codes"][0]["code"])


@pytest.mark.parametrize(
    ("word", "problem", "choices"),
    [
        ("鼓楼区", "places.ambiguous_county", {"320106", "320302", "350102", "410204"}),
        ("浏阴市", "places.unknown_county", {"430181"}),
        ("长沙", "places.unknown_county", {"430121", "430181"}),
    ],
)
@pytest.mark.parametrize("how", ["command", "setting"])
def test_a_wrong_name_is_refused_with_choices_before_anything_starts(
    tmp_path: Path, word: str, problem: str, choices: set[str], how: str
) -> None:
    home = tmp_path / "home"
    code, said = run(home, "county", word) if how == "command" else run(home, "up", TONGXIN_COUNTY=word)
    assert (code, f"[{problem}]" in said, "Traceback" in said) == (2, True, False), said
    assert choices <= set(re.findall(r"(?m)^  (\d{6})  ", said))
    assert not home.exists()


def test_counties_are_listed_by_a_part_of_their_name_and_nothing_is_started(tmp_path: Path) -> None:
    code, said = run(tmp_path / "home", "county", "--list", "长沙市")
    assert (code, len(re.findall(r"(?m)^  4301\d\d  .*Changsha", said))) == (0, 9), said
    assert not (tmp_path / "home").exists()


def test_a_choice_that_is_killed_in_the_middle_leaves_nothing_and_can_be_made_again(server: Server, tmp_path: Path) -> None:
    url, home = server.embedded.owner_url("pudong"), tmp_path / "home"
    assert run(home, "county", "浏阳市", DATABASE_URL=url)[0] == 0
    with psycopg.connect(url) as other, other.transaction():
        other.execute("LOCK TABLE people_member IN EXCLUSIVE MODE")  # the commander comes after the areas, and waits here
        with command(home, "county", "浦东新区", DATABASE_URL=url) as process:
            eventually(lambda: fetch(url, f"{CONNECTED} AND wait_event_type = 'Lock'"), "the transaction in its middle")
            os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: not fetch(url, CONNECTED), "its end")
    assert fetch(url, SIZE) == [(0,)]
    code, said = run(home, "county", "浦东新区", DATABASE_URL=url)
    assert (code, fetch(url, SIZE)) == (0, [(1569,)]), said
    again, _ = run(home, "county", "浦东新区", DATABASE_URL=url)
    assert (again, fetch(url, SIZE)) == (0, [(1569,)])
