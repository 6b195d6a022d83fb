"""Memory, files and threads of the processes of the workload while it runs, and a picture of them."""

import os
import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from llmcache.model.units import Seconds

_EVERY = 1.0
_WIDTH, _HEIGHT, _MARGIN = 720, 130, 46
_COLOURS = ("#1f6feb", "#d9822b", "#2da44e", "#8250df")


@dataclass(frozen=True, slots=True)
class Sample:
    """One process at one moment.

    Attributes:
        at: Seconds since the beginning.
        memory: Resident, in MiB.
    """

    at: Seconds
    process: int
    memory: float
    files: int
    threads: int


class Watch:
    """Samples processes until it is closed."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self._processes: set[int] = set()
        self._over = threading.Event()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def add(self, process: int) -> None:
        """Watch a process, too."""
        self._processes.add(process)

    def remove(self, process: int) -> None:
        """Watch it no more."""
        self._processes.discard(process)

    def close(self) -> None:
        """End."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_EVERY):
            for process in tuple(self._processes):
                sample = _sampled(process, time.monotonic() - self._began)
                if sample is not None:
                    self.samples.append(sample)


def _sampled(process: int, at: Seconds) -> Sample | None:
    try:
        status = Path(f"/proc/{process}/status").read_text()
        files = len(os.listdir(f"/proc/{process}/fd"))
    except OSError:
        return None  # it is just ending
    values = {name: value for name, _, value in (line.partition(":") for line in status.splitlines())}
    if "VmRSS" not in values:
        return None
    return Sample(at, process, int(values["VmRSS"].split()[0]) / 1024, files, int(values["Threads"]))


def growth(samples: list[Sample]) -> dict[str, float]:
    """Return how much the process that lived longest grew, from the second quarter of its life to the last one.

    A process begins by loading and by filling its bounded memories, so that the first quarter says nothing.
    """
    lives = _lives(samples)
    if not lives:
        return {}
    longest = max(lives.values(), key=len)
    quarter = len(longest) // 4
    if quarter < 2:
        return {}
    early, late = longest[quarter : 2 * quarter], longest[-quarter:]
    return {
        name: median(getattr(one, name) for one in late) - median(getattr(one, name) for one in early)
        for name in ("memory", "files", "threads")
    }


def picture(samples: list[Sample], title: str) -> str:
    """Return the samples as an SVG: three curves over time, one line for each process."""
    names = {"memory": "resident memory, MiB", "files": "open files", "threads": "threads"}
    height = (_HEIGHT + _MARGIN) * len(names) + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + 2 * _MARGIN} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="white"/><text x="{_MARGIN}" y="22" font-weight="bold">{title}</text>',
    ]
    for place, (name, label) in enumerate(names.items()):
        parts += _chart(samples, name, label, _MARGIN + place * (_HEIGHT + _MARGIN))
    return "\n".join([*parts, "</svg>", ""])


def _chart(samples: list[Sample], name: str, label: str, top: int) -> list[str]:
    most = max((float(getattr(one, name)) for one in samples), default=1.0) * 1.15 or 1.0
    last = max((one.at for one in samples), default=1.0) or 1.0
    bottom = top + _HEIGHT
    parts = [
        f'<text x="{_MARGIN}" y="{top - 5}">{label}</text>',
        f'<path d="M{_MARGIN} {top}V{bottom}H{_MARGIN + _WIDTH}" fill="none" stroke="#999"/>',
        f'<text x="{_MARGIN - 4}" y="{top + 10}" text-anchor="end" fill="#666">{most:.0f}</text>',
        f'<text x="{_MARGIN - 4}" y="{bottom}" text-anchor="end" fill="#666">0</text>',
        f'<text x="{_MARGIN + _WIDTH}" y="{bottom + 14}" text-anchor="end" fill="#666">{last:.0f} s</text>',
    ]
    for number, life in enumerate(_lives(samples).values()):
        points = " ".join(
            f"{_MARGIN + one.at / last * _WIDTH:.1f},{bottom - getattr(one, name) / most * _HEIGHT:.1f}"
            for one in _thinned(life)
        )
        colour = _COLOURS[number % len(_COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.2"/>')
    return parts


def _lives(samples: list[Sample]) -> dict[int, list[Sample]]:
    lives: dict[int, list[Sample]] = {}
    for one in samples:
        lives.setdefault(one.process, []).append(one)
    assert all(before.at <= after.at for life in lives.values() for before, after in pairwise(life))
    return lives


def _thinned(life: list[Sample]) -> list[Sample]:
    """Return at most some hundred samples of one life, the highest of each few: a peak must not vanish."""
    step = -(-len(life) // 240)
    return [max(life[at : at + step], key=lambda one: one.memory) for at in range(0, len(life), step)]
