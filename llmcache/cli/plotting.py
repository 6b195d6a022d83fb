"""One picture: hits against wrong hits, as SVG, which every browser shows and no package is needed for."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from llmcache.model.units import Share
from llmcache.policy.tuning import Score

_WIDTH: Final = 640
_HEIGHT: Final = 360
_MARGIN: Final = 60
_FONT: Final = 'font-family="sans-serif" font-size="12"'
_COLOURS: Final = ("#1b6ca8", "#c05020")


@dataclass(frozen=True, slots=True)
class Curve:
    """What one rule can do.

    Attributes:
        label: Its name.
        scores: Of all its thresholds, in any order.
    """

    label: str
    scores: Sequence[Score]


def plot(title: str, curves: Sequence[Curve], *, limit: Share, chosen: Score | None) -> str:
    """Return the picture: for each share of hits the least share of wrong ones, the limit as a line, what was chosen as a dot."""
    most = max(0.01, 2 * limit, *(score.wrong_share for curve in curves for score in best(curve.scores)))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + 2 * _MARGIN} {_HEIGHT + 2 * _MARGIN}" {_FONT}>',
        f'<rect width="100%" height="100%" fill="white"/><text x="{_MARGIN}" y="28" font-weight="bold">{escape(title)}</text>',
        f'<path d="M{_MARGIN} {_MARGIN}V{_MARGIN + _HEIGHT}H{_MARGIN + _WIDTH}" fill="none" stroke="#999"/>',
    ]
    parts += [_mark(share, most, across=True) for share in (0, 0.25, 0.5, 0.75, 1)]
    parts += [_mark(most * step / 4, most, across=False) for step in range(5)]
    parts.append(
        f'<path d="M{_MARGIN} {_y(limit, most):.1f}H{_MARGIN + _WIDTH}" stroke="#888" stroke-dasharray="4 4"/>'
        f'<text x="{_MARGIN + _WIDTH}" y="{_y(limit, most) - 4:.1f}" text-anchor="end" fill="#666">limit {100 * limit:.3g} %</text>'
    )
    for place, curve in enumerate(curves):
        parts += _line(curve, _COLOURS[place % len(_COLOURS)], place, most)
    if chosen is not None:
        parts.append(f'<circle cx="{_x(chosen.hit_share):.1f}" cy="{_y(chosen.wrong_share, most):.1f}" r="5"/>')
        parts.append(f'<text x="{_MARGIN + 12}" y="{_MARGIN + 16 * (len(curves) + 1)}">&#9679; learned</text>')
    return "\n".join([*parts, "</svg>", ""])


def best(scores: Sequence[Score]) -> list[Score]:
    """Return those than which none has more hits with fewer wrong ones, the fewest hits first."""
    found: list[Score] = []
    for each in sorted((score for score in scores if score.hits), key=lambda score: (-score.hits, score.wrong_share)):
        if not found or each.wrong_share < found[-1].wrong_share:
            found.append(each)
    return found[::-1]


def _line(curve: Curve, colour: str, place: int, most: Share) -> list[str]:
    points = " ".join(f"{_x(score.hit_share):.1f},{_y(score.wrong_share, most):.1f}" for score in best(curve.scores))
    return [
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
        f'<text x="{_MARGIN + 12}" y="{_MARGIN + 16 * (place + 1)}" fill="{colour}">{escape(curve.label)}</text>',
    ]


def _mark(share: Share, most: Share, *, across: bool) -> str:
    if across:
        at = f'x="{_x(share):.1f}" y="{_MARGIN + _HEIGHT + 16}" text-anchor="middle"'
        return f'<text {at} fill="#666">{100 * share:.0f} % hits</text>'
    at = f'x="{_MARGIN - 6}" y="{_y(share, most) + 4:.1f}" text-anchor="end"'
    return f'<text {at} fill="#666">{100 * share:.1f} %</text>'


def _x(share: Share) -> float:
    return _MARGIN + share * _WIDTH


def _y(share: Share, most: Share) -> float:
    return _MARGIN + _HEIGHT * (1 - min(1.0, share / most))
