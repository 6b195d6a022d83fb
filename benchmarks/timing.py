"""Interleaved timing: contestants take turns in short slices, so that all see the same weather.

A figure is taken over the slices: the p10 (a quiet machine), the median, p90, p99 and the maximum of wall time per call,
and the p10 and median of CPU time per call, of all threads of the process. Ratios of one run may be compared; microseconds
of two machines may not.
"""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Prepare = Callable[[int], Callable[[], None]]
"""Given a number of calls, prepares their arguments (not timed) and returns what makes them (timed)."""


@dataclass
class Contestant:
    """One way to do the work.

    Attributes:
        name: For the table.
        prepare: See `Prepare`.
        calls: Calls in a slice.
    """

    name: str
    prepare: Prepare
    calls: int = 50
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def race(contestants: Sequence[Contestant], *, slices: int = 200) -> None:
    """Give every contestant `slices` turns, in rotating order; the first tenth of the turns is warming up."""
    warm = max(1, slices // 10)
    for turn in range(warm + slices):
        shift = turn % len(contestants)
        for contestant in [*contestants[shift:], *contestants[:shift]]:
            run = contestant.prepare(contestant.calls)
            gc.disable()
            cpu, wall = time.process_time_ns(), time.perf_counter_ns()
            run()
            wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
            gc.enable()
            if turn >= warm:
                contestant.wall.append(wall / contestant.calls / 1000)
                contestant.cpu.append(cpu / contestant.calls / 1000)


def quantile(samples: Sequence[float], part: float) -> float:
    """Return the sample below which `part` of them lie."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def table(title: str, contestants: Sequence[Contestant], floor: str) -> str:
    """Return the contestants as text, with ratios to the one called `floor` (p10 of wall and of CPU time)."""
    by_name = {contestant.name: contestant for contestant in contestants}
    base = by_name[floor]
    lines = [
        title,
        f"  {'µs a call':44}{'p10':>9}{'median':>9}{'p90':>9}{'p99':>9}{'max':>10}{'cpu p10':>9}{'x floor':>9}{'cpu x':>7}",
    ]
    for each in contestants:
        figures = [quantile(each.wall, part) for part in (0.1, 0.5, 0.9, 0.99)] + [max(each.wall)]
        cpu = quantile(each.cpu, 0.1)
        ratio = figures[0] / quantile(base.wall, 0.1)
        cpu_ratio = cpu / max(quantile(base.cpu, 0.1), 1e-9)
        shown = "".join(f"{figure:9.1f}" for figure in figures[:4]) + f"{figures[4]:10.1f}{cpu:9.1f}"
        lines.append(f"  {each.name:44}{shown}{ratio:9.2f}{cpu_ratio:7.2f}")
    lines.append(f"  samples: {len(base.wall)} slices each")
    return "\n".join(lines)
