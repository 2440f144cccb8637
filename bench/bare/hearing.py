"""The server that the bare page comes from. What the page says it shows is on disk here before the answer: no kill rewinds it."""

import json
import os
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.homes import ROOT, BenchError

PAGE = ROOT / "phone" / "dist" / "bare"


@dataclass
class Ear:
    """What was said, in order: ``shown``, and what each start found, with how many had been shown before it."""

    url: str
    shown: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    starts: "queue.SimpleQueue[tuple[int, dict[str, Any]]]" = field(default_factory=queue.SimpleQueue)

    def hear(self, what: str, said: dict[str, Any]) -> None:
        """Keep what the page said."""
        if what == "shown":
            self.shown.append(said)
        elif what == "problem":
            self.problems.append(f"{said['code']} {said.get('cause') or ''}".strip())
        else:
            self.starts.put((len(self.shown), said))

    def waiting(self) -> list[tuple[int, dict[str, Any]]]:
        """Return what starts were reported and not looked at."""
        found = []
        while not self.starts.empty():
            found.append(self.starts.get_nowait())
        return found

    def start(self, timeout: float) -> tuple[int, dict[str, Any]]:
        """Return what the page found as it started."""
        try:
            return self.starts.get(timeout=timeout)
        except queue.Empty:
            raise BenchError(f"the page did not start within {timeout:.0f} s; problems {self.problems[-3:]}") from None

    def problem(self, code: str, since: int, timeout: float) -> bool:
        """Wait until the page names a problem after the first ``since``; say whether it did."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if any(said.startswith(code) for said in self.problems[since:]):
                return True
            time.sleep(0.02)
        return False


@contextmanager
def hearing(file: Path) -> Iterator[Ear]:
    """Serve the page on loopback while the context lasts."""
    if not (PAGE / "index.html").exists():
        raise BenchError("the bare page is not built. Type: make bare")
    lock = threading.Lock()
    with file.open("ab", buffering=0) as log:

        def heard(what: str, body: bytes) -> None:
            with lock:
                log.write(what.encode() + b" " + body + b"\n")
                os.fsync(log.fileno())
                ear.hear(what, json.loads(body))

        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, heard, directory=str(PAGE)))
        ear = Ear(f"http://127.0.0.1:{server.server_port}")
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield ear
        finally:
            server.shutdown()
            server.server_close()


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, heard: Any, *arguments: Any, **more: Any) -> None:  # noqa: ANN401 - the base class takes what it takes
        self._heard = heard
        super().__init__(*arguments, **more)

    def do_POST(self) -> None:
        """Take in what the page says; what a kill cut off was never said."""
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        if len(body) == length:
            self._heard(self.path.strip("/"), body)
            self.send_response(204)
            self.end_headers()

    def end_headers(self) -> None:
        """Let no cache keep the page."""
        self.send_header("cache-control", "no-store")
        super().end_headers()

    def handle(self) -> None:
        """Killed browsers hang up."""
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""
