"""The measures of a benchmark beside their bars, and beside what they are compared with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.pages import LEAST

from tongxin_drill.timetable import NIGHT_SECONDS

BAR_NIGHT, BAR_AGAIN, BAR_PAGE, BAR_MEMORY = 60.0, 15.0, 150.0, 900.0
"""Seconds, seconds, milliseconds at the 95th percentile, and MB."""
MB = 1_000_000


@dataclass(frozen=True)
class Row:
    """A measure, how many times what it is compared with, and its bar; without a bar it is reported beside the others."""

    measure: str
    value: float
    unit: str
    bar: float | None
    ratio: float
    against: str

    @property
    def met(self) -> bool | None:
        """Say whether the bar is met."""
        return None if self.bar is None else self.value <= self.bar

    def cells(self) -> tuple[str, ...]:
        """Return the row as it is printed."""
        bar = "" if self.bar is None else f"<= {self.bar:g} {self.unit}"
        met = {None: "", True: "yes", False: "NO"}[self.met]
        return self.measure, f"{self.value:,.1f} {self.unit}", bar, met, f"{self.ratio:,.1f} x {self.against}"


def rows(found: Mapping[str, Any]) -> list[Row]:
    """Return the measures of a run: the night against its own length, pages against the shortest answer, memory."""
    night, own, limit = found["night"], "the night by its clock", found["pages"][LEAST]
    return [
        Row("First night, whole command", night["command"], "s", BAR_NIGHT, night["command"] / NIGHT_SECONDS, own),
        Row(
            "Second start, the stored night shown", night["again"], "s", BAR_AGAIN, night["again"] / night["command"], "the first"
        ),
        Row("First night, as it says itself", night["seconds"], "s", BAR_NIGHT, night["seconds"] / NIGHT_SECONDS, own),
        *(
            Row(
                f"{name}, p95",
                times["p95"],
                "ms",
                BAR_PAGE if name in found["barred"] else None,
                times["p95"] / limit["p95"],
                LEAST,
            )
            for name, times in found["pages"].items()
        ),
        _memory("Memory (PSS), desk asked for pages", found["memory"]),
        _memory("Memory (PSS), first night and its phones", night["memory"]),
    ]


def _memory(measure: str, memory: Mapping[str, Any]) -> Row:
    ratio = memory["peak"] / max(1, memory["at_peak"].get("postgres", 0))
    return Row(measure, memory["peak"] / MB, "MB", BAR_MEMORY, ratio, "its database's")


def show(measures: Sequence[Row], found: Mapping[str, Any]) -> None:
    """Print the run: what it ran on, the measures, and what is only reported."""
    machine, crowd, together = found["machine"], found["crowd"], found["together"]
    print(
        f"{found['date']}, tree {found['tree'][:12]}{'' if found['clean'] else ' with changes'}, PostgreSQL {found['postgres']}"
    )
    print(
        f"{machine['cores']} cores, {machine['memory'] / MB:,.0f} MB, Python {machine['python']}, "
        f"load {machine['load_before']:.1f} before, {machine['load_after']:.1f} after; "
        f"other programs kept {found['others']:.1f} cores busy while pages were asked for"
    )
    print(f"{found['records']['how']}")
    print(
        f"the drill at scale {crowd['scale']:g}: {'as its truth said' if crowd['passed'] else 'NOT as its truth said'}, "
        f"lost {crowd['lost']}, {crowd['seconds']} s, memory of all its processes {crowd['memory']['peak'] / MB:,.0f} MB\n"
    )
    _table([("measure", "value", "bar", "met", "ratio"), *(row.cells() for row in measures)])
    print(f"\nms, one client and {together['clients']} at once ({together['answers_a_second']} answers a second):")
    _table([("page", "p50", "p95", "max", "p50 together", "p95 together", "max together", "kB"), *_times(found)])
    parts = ", ".join(f"{name} {size / MB:.0f}" for name, size in sorted(found["memory"]["at_peak"].items()))
    print(f"\nmemory of the desk at its peak, MB: {parts}")


def _times(found: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    for name, alone in found["pages"].items():
        crowded = found["together"]["pages"][name]
        values = [times[key] for times in (alone, crowded) for key in ("p50", "p95", "longest")]
        yield name, *(f"{value:,.1f}" for value in values), f"{alone['bytes'] / 1000:.1f}"


def _table(lines: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
