"""One new file in a pack directory is a new kind of work: no code, no restart."""

import asyncio
import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser
from tests.e2e.conftest import command, run, until_up

from tongxin.base import clock
from tongxin.host.ports import free_port
from tongxin_drill.client import Desk, DoorError
from tongxin_drill.handset import Handset, Wires, answer
from tongxin_drill.pocket import Pocket

COUNTY, VILLAGE = "430181000000", "430181105201"
WITHIN = 5.0
"""Seconds in which every process sees a new file."""
FILE = """
id = "night_market"
title = { zh = "夜市巡查", en = "Night-market round" }
order = "market"
kind = "visit"
subject = "place"
places = ["shop"]

[[ask]]
name = "stalls"
type = "number"
min = 0
required = true
label = { zh = "出摊数", en = "Stalls open" }

[[ask]]
name = "crowded"
type = "yes_no"
required = true
label = { zh = "是否拥挤", en = "Is it crowded?" }

[[matter]]
name = "crowd"
title = { zh = "拥挤，未疏导", en = "Crowded, not yet eased" }
opens = "crowded = yes"
closes = "crowded = no"

[[figure]]
name = "stalls"
title = { zh = "出摊", en = "Stalls" }
count = "sum stalls"
unit = { zh = "个", en = "stalls" }

[bulletin]
zh = "夜市共出摊{stalls}个。"
en = "{stalls} stalls were open at the night markets."
"""


@dataclass
class Running:
    """A Tongxin that runs, its pack directory, and its founder at the desk."""

    url: str
    packs: Path
    desk: Desk
    code: Callable[[], str]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    packs, port = tmp_path / "packs", free_port()
    packs.mkdir()
    with command(tmp_path / "home", "up", "--port", str(port), TONGXIN_PACKS=str(packs)) as process:
        found = re.search(r"((?:\w{4}-){2}\w{4})  Commander", until_up(process))
        assert found
        with Desk(f"http://127.0.0.1:{port}") as desk:
            founder = desk.sign_in(found[1])["member"]["id"]
            yield Running(
                f"http://127.0.0.1:{port}",
                packs,
                desk,
                lambda: str(desk.post("sign-in-codes", {"members": [founder]})["codes"][0]["code"]),
            )
        process.send_signal(signal.SIGINT)
        process.communicate()
    run(tmp_path / "home", "clean")


def soon(is_true: Callable[[], Any], what: str) -> Any:
    """Return what comes true within the promised seconds."""
    limit = time.monotonic() + WITHIN
    while not (found := is_true()):
        assert time.monotonic() < limit, f"{what}: not within {WITHIN} s"
        time.sleep(0.05)
    return found


def test_a_file_that_is_dropped_in_collects_counts_and_speaks(running: Running, browser: Browser) -> None:
    desk, now = running.desk, clock.wall()
    ids = {name: str(uuid4()) for name in ("team", "market", "member", "incident", "order")}
    _found(desk, ids, now)
    order = _order(ids, now)
    with pytest.raises(DoorError, match="market"):
        desk.post("orders", order)

    (running.packs / "night_market.toml").write_text(FILE, "utf-8")
    soon(lambda: _accepted(desk, order), "an order may name it")
    (duty,) = desk.post(f"orders/{ids['order']}/visits")["duties"]
    desk.post("assignments", {"assignments": [{"id": str(uuid4()), "duty": duty["id"], "member": ids["member"]}]})

    code = desk.post("sign-in-codes", {"members": [ids["member"]]})["codes"][0]["code"]
    with ThreadPoolExecutor(1) as aside:  # the browser's own event loop runs in this thread
        aside.submit(asyncio.run, _says(running.url, str(code), {"stalls": 12, "crowded": True})).result()
    figures = soon(lambda: _figures(desk, ids["incident"]).get("night_market.stalls"), "the figure")
    assert figures == 12
    bulletin = desk.post("bulletins", {"incident": ids["incident"], "title": "夜", "title_en": "Night"}, repeatable=False)
    assert (bulletin["text"], bulletin["text_en"]) == ("夜市共出摊12个。", "12 stalls were open at the night markets.")

    page = browser.new_page()
    page.goto(running.url)
    page.fill("#code", running.code())
    page.click("main button")
    page.wait_for_url(running.url + "/")
    assert "Crowded, not yet eased" in page.content() or "拥挤，未疏导" in page.content()
    page.goto(f"{running.url}/figures/night_market.stalls")
    assert re.findall(r"/records/\d+", page.content())
    page.close()

    (running.packs / "night_market.toml").unlink()
    refused = _order(ids | {"order": str(uuid4())}, now)
    soon(lambda: not _accepted(desk, refused | {"id": str(uuid4())}), "no new order may name it")
    assert _figures(desk, ids["incident"])["night_market.stalls"] == 12


def _found(desk: Desk, ids: dict[str, str], now: datetime) -> None:
    team = {"id": ids["team"], "name": "夜巡队", "name_en": "Night team", "kind": "team", "areas": [COUNTY]}
    desk.post("organisations", {"organisations": [team]})
    market = {"id": ids["market"], "name": "东街夜市", "name_en": "East market", "category": "shop", "area": VILLAGE}
    desk.post("places", {"places": [market]})
    role = {"kind": "inspector", "organisation": ids["team"], "areas": [COUNTY], "since": now - timedelta(hours=1)}
    desk.post("members", {"members": [{"id": ids["member"], "name": "某某", "name_en": "Somebody", "roles": [role]}]})
    incident = {"id": ids["incident"], "name": "夜市", "name_en": "Market", "kind": "epidemic", "drill": False}
    desk.post("incidents", incident)


def _order(ids: dict[str, str], now: datetime) -> dict[str, Any]:
    return {
        "id": ids["order"],
        "incident": ids["incident"],
        "number": "1",
        "kind": "market",
        "title": "夜市令",
        "title_en": "Market order",
        "text": "巡查。",
        "text_en": "Go round.",
        "basis": ["第四十二条"],
        "issuer": ids["team"],
        "parent": None,
        "starts_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(days=3),
        "appeal": "综合组",
        "activities": ["night_market"],
        "scope": {"areas": [COUNTY], "categories": ["shop"], "organisations": [ids["team"]]},
    }


def _accepted(desk: Desk, order: dict[str, Any]) -> bool:
    try:
        desk.post("orders", order)
    except DoorError:
        return False
    return True


def _figures(desk: Desk, incident: str) -> dict[str, float]:
    found: dict[str, float] = desk.get(f"incidents/{incident}/figures")["figures"]
    return found


async def _says(url: str, code: str, body: dict[str, Any]) -> None:
    """Enrol a phone, see the form as it came with the duty, and send one record."""
    wires = Wires.to(url, connections=1)
    async with wires.client:
        handset = Handset(wires, str(uuid4()))
        answer(await handset.enrol(code))
        given = answer(await handset.get("duties"))
        (duty,) = given["duties"]
        assert [ask["name"] for ask in given["activities"][duty["activity"]["hash"]]["ask"]] == ["stalls", "crowded"]
        pocket = Pocket(handset.device, clock.wall(), Random(1), 20)
        content = {
            "activity": "night_market",
            "activity_hash": duty["activity"]["hash"],
            "order": duty["order"]["id"],
            "place": duty["place"]["id"],
            "duty": duty["id"],
            "body": body,
        }
        pocket.client.write(content, pocket.stamp(clock.wall()))
        ask = pocket.client.next(0, pocket.stamp(clock.wall()))
        assert ask is not None
        response = await handset.carry(ask)
        assert response is not None
        pocket.client.heard(ask, response.status_code, response.content, 0, pocket.stamp(clock.wall()))
    (receipt,) = pocket.client.chain.receipts.values()
    assert receipt.quarantine is None
