"""A verdict as text."""

from collections.abc import Sequence

from llmcache.model.units import Seconds
from tests.chaos.judging import Verdict

_SHOWN = 5


def report(verdict: Verdict, grown: dict[str, float]) -> str:
    """Return what was done, what was found, and how long it took."""
    counts = {name: number for name, number in sorted(verdict.counts.items()) if number}
    lines = [
        "  done     "
        + ", ".join(f"{name} {number:,}" for name, number in counts.items() if not name.startswith("counted")),
        "  counted  "
        + ", ".join(f"{name[8:]} {number:,}" for name, number in counts.items() if name.startswith("counted")),
        "  faults   " + (", ".join(f"{name} {number}" for name, number in sorted(verdict.faults.items())) or "none"),
        *(f"  {name:17} {_spread(spans)}" for name, spans in sorted(verdict.spans.items())),
        f"  {'sleeps over 5 ms':17} {_spread(verdict.late)}",
    ]
    if grown:
        lines.append("  grown    " + ", ".join(f"{name} {number:+.1f}" for name, number in grown.items()))
    for kind, told in verdict.broken.items():
        lines.append(f"  BROKEN   {kind}: {len(told)}")
        lines += [f"           {one[:400]}" for one in told[:_SHOWN]]
    lines.append("  verdict  " + ("good" if verdict.is_good else "BROKEN"))
    return "\n".join(lines)


def _spread(spans: Sequence[Seconds]) -> str:
    if not spans:
        return "none"
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
    told = [
        f"{name} {spans[min(int(share * len(spans)), len(spans) - 1)] * 1000:.1f}" for name, share in shares.items()
    ]
    return f"{len(spans):>9,}  ms: {'  '.join(told)}  max {spans[-1] * 1000:.1f}"
