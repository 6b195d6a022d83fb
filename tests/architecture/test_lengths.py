"""Files stay short enough to be read whole."""

from pathlib import Path

from tests.architecture.lengths import MAX_FILE_LINES, file_lengths, function_lengths
from tests.architecture.sources import EVERYWHERE, python_files


def test_no_file_reaches_line_400() -> None:
    """Every Python file of ours, tests included, ends before line 400."""
    too_long = [length for length in file_lengths(python_files(*EVERYWHERE)) if length.lines > MAX_FILE_LINES]

    assert [] == too_long


def test_a_file_that_is_too_long_is_seen(tmp_path: Path) -> None:
    """Lines are counted, so that a file of 400 is over the limit and one of 399 is not."""
    long, short = tmp_path / "long.py", tmp_path / "short.py"
    long.write_text("x = 1\n" * 400)
    short.write_text("x = 1\n" * 399)

    lengths = {length.place: length.lines > MAX_FILE_LINES for length in file_lengths([long, short])}

    assert {"long.py": True, "short.py": False} == lengths


def test_docstring_is_not_counted(tmp_path: Path) -> None:
    """A function's length is what must be understood at once: its docstring is left out, nested functions are not."""
    source = tmp_path / "source.py"
    source.write_text('def f():\n    """One.\n\n    Two.\n    """\n    def g():\n        return 1\n    return g\n')

    assert [(4, "source.py:1 f"), (2, "source.py:6 g")] == [
        (length.lines, length.place) for length in function_lengths([source])
    ]
