"""The first night through every door, and what its commands say."""

import json
import re
import signal
from pathlib import Path

import psutil
import psycopg
import pytest
from tests.e2e.conftest import Night, command, run
from tests.host.helpers import eventually, fetch

from tongxin.host.home import Home
from tongxin.host.ports import free_port
from tongxin.host.postgres import Embedded

GOOD = Path(__file__).resolve().parents[2] / "src" / "tongxin" / "playbook" / "packs" / "epidemic" / "venue_closure.toml"


def test_the_night_ends_as_its_truth_said_with_nothing_lost_and_nothing_twice(night: Night) -> None:
    assert night.result["figures"] == night.result["truth"]
    assert (night.result["lost"], night.result["duplicates"]) == (0, 0)
    numbers = {"seed", "scale", "phones", "seconds", "records", "lost", "duplicates"}
    assert set(night.result) == numbers | {"figures", "truth", "differences"}
    assert (night.result["seed"], night.result["phones"], night.result["differences"]) == (7, 60, [])
    assert night.result["records"] > 400


def test_the_truth_was_written_before_any_record_was_sent(night: Night) -> None:
    run_ = night.home.running()
    assert run_ is not None
    ((began,),) = fetch(run_.owner_url, "SELECT extract(epoch FROM began)::float FROM orders_clock")
    assert (night.home.path / "truth.json").stat().st_mtime < float(str(began))
    assert json.loads((night.home.path / "truth.json").read_text("utf-8"))["truth"] == night.result["truth"]


def test_the_worker_trained_a_dictionary_and_what_came_after_it_is_packed(night: Night) -> None:
    run_ = night.home.running()
    assert run_ is not None
    newest = fetch(run_.owner_url, "SELECT number FROM ledger_dictionary ORDER BY position DESC LIMIT 1")
    assert fetch(run_.owner_url, "SELECT dictionary FROM ledger_counter") == newest
    packed = "SELECT count(*) FROM ledger_record WHERE substr(bytes, 1, 4) = '\\x28b52ffd'"
    assert int(str(fetch(run_.owner_url, packed)[0][0])) > 100


def test_it_prints_the_bulletin_in_both_languages_and_one_sign_in_per_role(night: Night) -> None:
    inspected = night.result["figures"]["venue_closure.venues_inspected"]
    assert f"各督查组共督查暂停开放的场所{inspected}个" in night.printed
    assert f"checked {inspected} closed venues" in night.printed
    assert list(night.codes) == ["Commander", "Duty officer", "Secretary", "Leader", "Inspector"]


def test_figures_verify_agrees_and_catches_a_cell_altered_on_purpose(night: Night) -> None:
    code, said = run(night.home.path, "figures", "verify")
    assert (code, said.splitlines()[-1].endswith("0 differences")) == (0, True)
    run_ = night.home.running()
    assert run_ is not None
    alter = "UPDATE figures_cell SET amount = amount + {} WHERE figure = 'venue_closure.inspections' AND category = 'scenic'"
    with psycopg.connect(run_.owner_url, autocommit=True) as owner:
        owner.execute(alter.format(1))
        code, said = run(night.home.path, "figures", "verify")
        owner.execute(alter.format(-1))
    assert code == 1
    assert "venue_closure.inspections" in said
    assert run(night.home.path, "figures", "verify")[0] == 0


def test_a_second_start_beside_a_running_one_is_refused_and_names_it(night: Night) -> None:
    code, said = run(night.home.path, "up", "--port", str(free_port()))
    assert (code, night.url in said) == (2, True)


def test_a_busy_port_is_one_clear_error(night: Night, tmp_path: Path) -> None:
    port = night.url.rpartition(":")[2]
    code, said = run(tmp_path / "home", "up", PORT=port)
    assert code == 2
    assert port in said
    assert "host.port_busy" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("port", ["eighty", "0", "65536"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    code, said = run(tmp_path / "home", "up", PORT=port)
    assert (code, port in said, "Traceback" in said) == (2, True, False)


def test_activity_check_names_file_key_reason_and_the_nearest_right_word(tmp_path: Path) -> None:
    wrong = tmp_path / "mine.toml"
    wrong.write_text(GOOD.read_text("utf-8").replace('opens = "open = yes"', 'opens = "opne = yes"'), "utf-8")
    code, said = run(tmp_path / "home", "activity", "check", str(wrong))
    assert code == 2
    for part in (str(wrong), "matter[0].opens", "opne", 'did you mean "open"?'):
        assert part in said
    code, said = run(tmp_path / "home", "activity", "check", str(GOOD))
    assert (code, "good (venue_closure" in said) == (0, True)


def test_activity_list_shows_what_ships(tmp_path: Path) -> None:
    code, said = run(tmp_path / "home", "activity", "list")
    assert code == 0
    assert {"attendance", "venue_closure", "dyke_patrol"} <= set(re.findall(r"^\w+", said, re.MULTILINE))


def test_activity_check_runs_the_examples(tmp_path: Path) -> None:
    wrong = tmp_path / "mine.toml"
    wrong.write_text(GOOD.read_text("utf-8").replace("found_open = 1,", "found_open = 2,"), "utf-8")
    code, said = run(tmp_path / "home", "activity", "check", str(wrong))
    assert (code, "example[0].figures.found_open" in said, "it comes to: 1" in said) == (2, True, True)


def test_activity_new_writes_a_file_that_is_good_and_never_over_another(tmp_path: Path) -> None:
    code, said = run(tmp_path / "home", "activity", "new", "night_market", "--to", str(tmp_path))
    assert code == 0, said
    assert run(tmp_path / "home", "activity", "check", str(tmp_path / "night_market.toml"))[0] == 0
    for name, reason in (
        ("night_market", "exists already"),
        ("attendance", "There is an activity"),
        ("Night market", "lower-case"),
    ):
        code, said = run(tmp_path / "home", "activity", "new", name, "--to", str(tmp_path))
        assert (code, reason in said, "Traceback" in said) == (2, True, False), said
    assert [file.name for file in tmp_path.glob("*.toml")] == ["night_market.toml"]


def test_activity_show_says_it_in_words_and_knows_the_nearest_name(tmp_path: Path) -> None:
    code, said = run(tmp_path / "home", "activity", "show", "warehouse_release")
    assert (code, "Release from the supervised warehouse" in said, "as it happens" in said) == (0, True, True)
    code, said = run(tmp_path / "home", "activity", "show", "warehouse_relase")
    assert (code, 'did you mean "warehouse_release"?' in said) == (2, True)


def test_an_unfinished_drill_starts_over_a_finished_one_is_shown_again_and_another_is_refused(tmp_path: Path) -> None:
    """Ctrl-C in the middle of the night; then the same command again, twice; then another seed."""
    home, port = tmp_path / "home", str(free_port())
    night = ("drill", "first-night", "--scale", "0.05", "--port", port)
    with command(home, *night) as process:
        eventually(lambda: _records(home) > 5, "the first records")
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    assert [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []
    code, said = run(home, *night)
    assert (code, "equals the truth" in said) == (0, True), said
    code, said = run(home, *night)
    assert (code, "already finished" in said) == (0, True), said
    code, said = run(home, *night, "--seed", "8")
    assert (code, "host.rehearsal_refused" in said) == (2, True), said
    run(home, "clean")


def _records(home: Path) -> int:
    """Count records; 0 while the database is away."""
    run_ = Home(home).running()
    try:
        return int(str(fetch(run_.owner_url, "SELECT count(*) FROM ledger_record")[0][0])) if run_ else 0
    except psycopg.Error:
        return 0


def _wait_for_more(home: Path) -> None:
    before = _records(home)
    eventually(lambda: _records(home) > before, f"more than {before} records")


def test_clean_removes_the_database_and_is_refused_while_it_runs(night: Night, tmp_path: Path) -> None:
    code, said = run(night.home.path, "clean")
    assert (code, "host.already_running" in said) == (2, True)
    home = tmp_path / "home"
    assert run(home, "figures", "verify")[0] == 0
    data = Embedded(Home(home)).quarters.data
    assert data.exists()
    assert run(home, "clean") == (0, "")
    assert not data.exists()


def test_killing_postgresql_web_and_worker_in_the_middle_of_the_night_loses_nothing(tmp_path: Path) -> None:
    home, result = tmp_path / "home", tmp_path / "night.json"
    arguments = ("--scale", "0.3", "--port", str(free_port()), "--json", str(result))
    with command(home, "drill", "first-night", *arguments) as process:
        for what in ("postgres", "granian", "tongxin.host.worker", "postgres"):
            _wait_for_more(home)
            _kill(process.pid, what)
        said, _ = process.communicate()
    assert process.returncode == 0, said
    night = json.loads(result.read_text("utf-8"))
    assert night["figures"] == night["truth"]
    assert (night["lost"], night["duplicates"]) == (0, 0)
    assert run(home, "figures", "verify")[0] == 0
    run(home, "clean")


def _kill(supervisor: int, what: str) -> None:
    """Kill the child of the supervisor whose command line says what it is, as soon as it runs."""
    eventually(lambda: _killed(supervisor, what), f"a child that is {what}")


def _killed(supervisor: int, what: str) -> bool:
    for child in psutil.Process(supervisor).children():
        try:
            if what in " ".join(child.cmdline()):
                child.kill()
                return True
        except psutil.NoSuchProcess:  # it ended meanwhile, or is a zombie
            continue
    return False
