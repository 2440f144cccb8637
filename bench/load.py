"""Prepared phones for the intake's benchmark: records made and batches signed beforehand, sent over connections of our own.

The generator shares the machine with what it measures, so it does nothing while it sends that could be done before.
"""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlsplit

import msgspec
from bench.homes import BenchError

from tongxin.base import clock, ids
from tongxin.protocol.client import Ask, Client, Pace
from tongxin.protocol.messages import Batch, Stamp
from tongxin_drill.handset import Handset, Wires, answer
from tongxin_drill.pocket import Memory

BODY = 350
"""Bytes of a record's answers."""
MEASURES = ("sealed", "warned", "handed_over")
SELDOM = 0.02
"""How often a place is found open."""
ACTIVITY = "bench_round"
LONG_AGO = 2 * 24 * 3_600_000
"""Milliseconds for which the phones are on already: what they say now may have happened a while ago."""
_FOUND = "门已上锁无人聚集现场张贴公告负责人签字承诺整改今晚完成复查路灯坏需要报修群众反映停车场有三辆外地车"


@dataclass
class Sending:
    """A prepared request and how many records it carries."""

    request: bytes
    records: int


@dataclass
class Times:
    """What came of sendings: seconds for each answered 200, and how often each other status, with its seconds."""

    taken: list[float] = field(default_factory=list)
    refused: dict[int, list[float]] = field(default_factory=dict)
    records: int = 0

    def percentile(self, share: float) -> float:
        """Return the milliseconds within which so large a share was answered."""
        ordered = sorted(self.taken)
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


class Phone:
    """A phone that makes many records of one round over places, and batches of them, signed."""

    def __init__(self, handset: Handset, duties: Sequence[dict[str, Any]], seed: int) -> None:
        self._handset, self._duties, self._rng = handset, duties, Random(seed)  # noqa: S311 - a workload, not a secret
        pace = Pace(first=1, most=2, beat=10**9)
        self._client = Client(handset.device, Memory(), rng=self._rng, new_id=lambda: str(ids.uuid7()), pace=pace)
        self._boot, self._booted = str(uuid.uuid4()), clock.to_ms(clock.wall()) - LONG_AGO

    def prepare(self, size: int) -> Sending:
        """Make records of the round now, as `seal` returns them."""
        return self.seal([(clock.to_ms(clock.wall()), self._content()) for _ in range(size)])

    def seal(self, said: Sequence[tuple[int, Mapping[str, Any]]]) -> Sending:
        """Make a record of each (ms since 1970, content), return them as a signed request; each batch follows the one before."""
        kept = [self._client.write(content, self._stamp(wall)) for wall, content in said]
        sent = self._stamp(clock.to_ms(clock.wall()))
        batch = Batch(1, self._client.chain.id, kept[0].seq, sent, [record.text for record in kept])
        url, content, headers = self._handset.prepared(Ask("records", msgspec.json.encode(batch)))
        return Sending(_request(url, content, headers), len(kept))

    def _stamp(self, wall: int) -> Stamp:
        return Stamp(wall, self._boot, wall - self._booted)

    def _content(self) -> dict[str, Any]:
        rng, duty = self._rng, self._rng.choice(self._duties)
        body: dict[str, Any] = {
            "open": rng.random() < SELDOM, "people": rng.randrange(40), "measure": rng.choice(MEASURES),
            "note": "".join(rng.choice(_FOUND) for _ in range((BODY - 62) // 3)),
        }  # fmt: skip
        return {
            "activity": ACTIVITY, "activity_hash": duty["activity"]["hash"], "order": duty["order"]["id"],
            "place": duty["place"]["id"], "duty": duty["id"], "body": body,
        }  # fmt: skip


async def enrol(wires: Wires, code: str) -> tuple[Handset, list[dict[str, Any]]]:
    """Enrol a phone; return it with its duties."""
    handset = Handset(wires, str(uuid.uuid4()))
    answer(await handset.enrol(code))
    return handset, answer(await handset.get("duties"))["duties"]


def _request(url: str, content: bytes, headers: dict[str, str]) -> bytes:
    parts = urlsplit(url)
    lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {text}" for name, text in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


class Line:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, sending: Sending) -> tuple[int, bytes]:
        """Send a request; return the status and body of its answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=2**22)
        reader, writer = self._streams
        writer.write(sending.request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        body = await reader.readexactly(length)
        return int(head[9:12]), body

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()


async def pour(port: int, lanes: Sequence[Sequence[Sending]]) -> Times:
    """Send every lane over a connection of its own, each request when the one before was answered; all must be taken."""
    times = Times()

    async def lane(sendings: Sequence[Sending]) -> None:
        line = Line(port)
        for sending in sendings:
            began = time.perf_counter()
            status, body = await line.send(sending)
            if status != 200:  # noqa: PLR2004 - HTTP
                raise BenchError(f"a batch was not taken: {status} {body[:300]!r}")
            times.taken.append(time.perf_counter() - began)
            times.records += sending.records
        line.close()

    await asyncio.gather(*(lane(sendings) for sendings in lanes))
    return times


async def offer(port: int, lanes: Sequence[Sequence[Sending]], rate: float) -> Times:
    """Offer so many records a second, whether they are taken or not; one that was refused is offered again next turn."""
    times = Times()
    began = time.perf_counter()

    async def lane(number: int, sendings: Sequence[Sending]) -> None:
        line, at = Line(port), 0
        pause = sendings[0].records * len(lanes) / rate
        for turn in range(len(sendings)):
            await asyncio.sleep(max(0.0, began + number * pause / len(lanes) + turn * pause - time.perf_counter()))
            asked = time.perf_counter()
            status, _ = await line.send(sendings[at])
            took = time.perf_counter() - asked
            if status == 200:  # noqa: PLR2004 - HTTP
                times.taken.append(took)
                times.records += sendings[at].records
                at += 1
            else:
                times.refused.setdefault(status, []).append(took)
        line.close()

    await asyncio.gather(*(lane(number, sendings) for number, sendings in enumerate(lanes)))
    return times
