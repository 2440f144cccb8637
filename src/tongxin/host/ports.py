"""Ports of this machine: finding a free one, and refusing a busy one with the name of whoever holds it."""

import errno
import secrets
import socket

import psutil

from tongxin.base.problems import Problem
from tongxin.base.words import say

LOOPBACK = "127.0.0.1"


class PortBusy(Problem):
    """Another program listens on the port that was asked for."""

    code = "host.port_busy"
    status = 409
    next_step = "停掉占用它的程序，或者用 PORT=… 换一个端口。"


class PortDenied(Problem):
    """The system does not let this user listen on the port."""

    code = "host.port_denied"
    next_step = "用 PORT=… 换一个 1024 以上的端口。"


HIGHEST = 65_535


OURS = range(20_000, 32_000)
"""Ports to choose from: below those that systems lend to outgoing connections, one of which may be in the way a moment later."""


def free_port() -> int:
    """Return a port that nobody uses just now, nor the one beside it."""
    while True:
        port = secrets.choice(OURS)
        with socket.socket() as probe, socket.socket() as beside:
            try:
                probe.bind((LOOPBACK, port))
                beside.bind((LOOPBACK, next_to(port)))
            except OSError:
                continue
            return port


def next_to(port: int) -> int:
    """Return the port beside another: where the intake listens unless told otherwise."""
    return port + 1 if port < HIGHEST else port - 1


def require_port(port: int) -> None:
    """Return if this process could listen on the port; else raise PortBusy or PortDenied."""
    with socket.socket() as probe:
        # As the server will do: connections of an earlier server that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise _refusal(port, error) from error


def _refusal(port: int, error: OSError) -> Problem:
    if error.errno != errno.EADDRINUSE:
        return PortDenied(say("不能使用端口 {port}：{reason}。", port=port, reason=error.strerror), port=port)
    holder = _holder(port)
    if holder is None:
        return PortBusy(say("端口 {port} 已被别的程序占用。", port=port), port=port)
    pid, program = holder
    message = say("端口 {port} 已被 {program}（进程 {pid}）占用。", port=port, program=program, pid=pid)
    return PortBusy(message, port=port, program=program, pid=pid)


def _holder(port: int) -> tuple[int, str] | None:
    """Return the id and the name of the process that listens on a port, if the system tells."""
    try:
        listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN)
        pids = (c.pid for c in listening if c.pid and c.laddr and c.laddr.port == port)
        return next(((pid, psutil.Process(pid).name()) for pid in pids), None)
    except psutil.Error:
        return None
