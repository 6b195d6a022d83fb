"""Waivers: failures that somebody accepts, with a reason and a last day.

    [[waive]]
    check = "expired_keys_are_not_listed"          # a name as in the report; without a colour it means all four
    reason = "the server lists expired keys until it sweeps them; see our ticket 4711"
    until = 2027-03-31

A waiver that fits no check is an error, one that has run out does not count, and one whose check passes is a failure:
so a list of waivers cannot outlive its reasons.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from llmcache.errors import ConfigError
from llmcache_conformance.check import Check
from llmcache_conformance.result import Result, Status

_FORM = "[[waive]] with check, reason and until (a date)"


@dataclass(frozen=True, slots=True)
class Waiver:
    """One accepted failure.

    Args:
        check: The name of a check, or what stands before the colour in several.
        reason: Why it is accepted; not empty.
        until: The last day on which it is.
    """

    check: str
    reason: str
    until: date

    def fits(self, name: str) -> bool:
        """True where it is about the check `name`."""
        return self.check in (name, name.rpartition("-")[0])


def read_waivers(path: Path | str) -> list[Waiver]:
    """Return the waivers of a TOML file; ConfigError says what is wrong with it."""
    try:
        with Path(path).open("rb") as file:
            document = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the waivers in {path} cannot be read: {error}") from error
    rows = document.pop("waive", [])
    if document or not isinstance(rows, list):
        raise ConfigError(f"{path}: a file of waivers holds {_FORM}, found {', '.join(document) or 'one table'}")
    return [_waiver(row, f"{path}: waiver {place}") for place, row in enumerate(rows, 1)]


def check_waivers(waivers: Iterable[Waiver], checks: Sequence[Check]) -> None:
    """Raise ConfigError for a waiver that fits no check."""
    for waiver in waivers:
        if not any(waiver.fits(check.name) for check in checks):
            raise ConfigError(f"there is no check {waiver.check!r} to waive; names are those of the report")


def with_waiver(result: Result, waivers: Iterable[Waiver], today: date) -> Result:
    """Return `result`, waived where it failed and one of `waivers` fits that has not run out."""
    for waiver in waivers:
        if result.status is not Status.FAIL or not waiver.fits(result.check):
            continue
        if today > waiver.until:
            return result.ended(Status.FAIL, f"{result.why} (waived until {waiver.until}, which is over)")
        return _waived(result, waiver)
    return result


def stale(waivers: Iterable[Waiver], results: Sequence[Result]) -> list[Result]:
    """Return a failure for each waiver that no check needed, though all it fits were run."""
    found: list[Result] = []
    for waiver in waivers:
        ends = {result.status for result in results if waiver.fits(result.check)}
        if ends == {Status.PASS}:
            why = f"the check passes, so the waiver ({waiver.reason}) has to go"
            name = f"waiver of {waiver.check}"
            found.append(Result(name, Status.FAIL, "key-value", "waivers", (), "Every waiver is needed.", why))
    return found


def _waived(result: Result, waiver: Waiver) -> Result:
    return Result(
        result.check,
        Status.WAIVED,
        result.profile,
        result.family,
        result.clauses,
        result.says,
        f"{waiver.reason} (until {waiver.until}): {result.why}",
        result.seconds,
        until=waiver.until,
    )


def _waiver(row: object, where: str) -> Waiver:
    if not isinstance(row, dict) or set(row) != {"check", "reason", "until"}:
        raise ConfigError(
            f"{where} is {_FORM}, found {', '.join(row) if isinstance(row, dict) else type(row).__name__}"
        )
    check, reason, until = row["check"], row["reason"], row["until"]
    if not isinstance(check, str) or not isinstance(reason, str) or not reason.strip():
        raise ConfigError(f"{where}: check is a name and reason says why it is accepted, in words")
    if not isinstance(until, date) or isinstance(until, datetime):
        raise ConfigError(f"{where}: until is a day, written 2027-03-31 without quotes")
    return Waiver(check, reason.strip(), until)
