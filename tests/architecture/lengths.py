"""How long our files and functions are: `python -m tests.architecture.lengths` prints a report.

A file ends before line 400: that is a rule, and the program exits with 1 where one does not. A function usually ends before
line 20, docstring not counted: that is a habit, so the longest are only listed.
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.sources import EVERYWHERE, PACKAGES, ROOT, python_files

MAX_FILE_LINES = 399
USUAL_FUNCTION_LINES = 20
_LISTED = 10


@dataclass(frozen=True, slots=True)
class Length:
    """How many lines something has.

    Attributes:
        lines: For a function from `def` to its end, without the docstring.
        place: File, and for a function its line and name.
    """

    lines: int
    place: str


def file_lengths(files: Sequence[Path]) -> list[Length]:
    """Return the lengths of files, the longest first."""
    return _longest_first(Length(len(path.read_text("utf-8").splitlines()), _name(path)) for path in files)


def function_lengths(files: Sequence[Path]) -> list[Length]:
    """Return the lengths of all functions and methods in these files, the longest first."""
    return _longest_first(length for path in files for length in _functions(path))


def main() -> int:
    """Print the report; return 1 where a file is too long."""
    files = file_lengths(python_files(*EVERYWHERE))
    functions = function_lengths(python_files(*PACKAGES))
    too_long = [file for file in files if file.lines > MAX_FILE_LINES]
    long = [function for function in functions if function.lines > USUAL_FUNCTION_LINES]
    for file in too_long:
        print(f"{file.place}: {file.lines} lines, at most {MAX_FILE_LINES}")
    print(f"{len(files)} files, the longest {files[0].lines} lines ({files[0].place})")
    print(f"{len(functions)} functions, {len(long)} of them over {USUAL_FUNCTION_LINES} lines")
    for function in long[:_LISTED]:
        print(f"  {function.lines:3}  {function.place}")
    return 1 if too_long else 0


def _functions(path: Path) -> Iterator[Length]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Length(_lines(node), f"{_name(path)}:{node.lineno} {node.name}")


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    whole = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return whole
    docstring = function.body[0]
    return whole - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def _longest_first(lengths: Iterator[Length]) -> list[Length]:
    return sorted(lengths, key=lambda length: (-length.lines, length.place))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name


if __name__ == "__main__":
    sys.exit(main())
