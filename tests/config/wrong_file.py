"""A configuration file with one mistake, and what is said about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WrongFile:
    """One mistake.

    Attributes:
        name: What it is, for the test's id.
        text: The file.
        says: The error's text behind the file's name, whole.
        seen_by_editors: True where the JSON schema refuses it, too; False where it takes more than the shape of one value.
    """

    name: str
    text: str
    says: str
    seen_by_editors: bool = True
