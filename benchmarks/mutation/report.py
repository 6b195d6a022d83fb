"""The report: a table of files, and what survived."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from benchmarks.mutation.mutants import Mutant

SURVIVED = "survived"
_JUDGED = Path(__file__).with_name("equivalents.toml")
_Change = tuple[str, str, str]


def of(fates: Mapping[Mutant, str], seconds: float) -> tuple[str, int]:
    """Return the report, and how many survived without a verdict."""
    verdicts = _verdicts()
    survivors = [mutant for mutant, fate in fates.items() if fate == SURVIVED]
    judged = [mutant for mutant in survivors if _change(mutant) in verdicts]
    open_ones = [mutant for mutant in survivors if _change(mutant) not in verdicts]
    lines = [*_table(fates, set(judged)), f"{seconds:.0f} s", ""]
    for title, chosen in (("Survivors that a test should kill", open_ones), ("Survivors that are no fault", judged)):
        lines.append(f"{title}: {len(chosen)}")
        lines.extend(_shown(mutant, verdicts.get(_change(mutant))) for mutant in chosen)
        lines.append("")
    return "\n".join(lines).rstrip(), len(open_ones)


def _table(fates: Mapping[Mutant, str], judged: set[Mutant]) -> list[str]:
    rows = Counter[tuple[str, str]]()
    for mutant, fate in fates.items():
        for file in (mutant.file, "together"):
            rows[file, "mutants"] += 1
            rows[file, "equivalent" if mutant in judged else fate] += 1
    columns = ("mutants", "killed", "endless", "equivalent", "survived")
    lines = [f"{'':40}" + "".join(f"{column:>11}" for column in columns) + f"{'noticed':>10}"]
    for file in sorted({file for file, _ in rows}, key=lambda file: (file == "together", file)):
        real = rows[file, "mutants"] - rows[file, "equivalent"]
        noticed = (real - rows[file, SURVIVED]) / real if real else 1.0
        lines.append(f"{file:40}" + "".join(f"{rows[file, column]:11,}" for column in columns) + f"{noticed:10.1%}")
    return lines


def _shown(mutant: Mutant, why: str | None) -> str:
    lines = [f"  {mutant.file}:{mutant.line}  {mutant.operator}", f"    - {mutant.before}", f"    + {mutant.after}"]
    return "\n".join([*lines, f"    = {why}"] if why else lines)


def _change(mutant: Mutant) -> _Change:
    return mutant.file, mutant.before, mutant.after


def _verdicts() -> dict[_Change, str]:
    """Return why a survivor is no fault, by file and change: lines move, a change that moves is still the same."""
    table = tomllib.loads(_JUDGED.read_text())
    return {(row["file"], row["before"], row["after"]): row["why"] for row in table.get("equivalent", ())}
