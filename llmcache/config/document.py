"""What a configuration file says: its values with their lines, and every mistake in it."""

from dataclasses import dataclass, field
from pathlib import Path as FilePath

from llmcache.config.schema import Path
from llmcache.errors import Mistake
from llmcache.model.units import Plain


@dataclass(frozen=True, slots=True)
class Value:
    """A checked value and where it stands.

    Attributes:
        value: As the program uses it; texts still hold their references.
        place: The names from the top of the file down to its key.
        line: Counted from 1.
    """

    value: Plain
    place: Path
    line: int | None


@dataclass(slots=True)
class Document:
    """What a file says.

    Attributes:
        file: The file, as people find it.
        folder: Where it lies; relative paths in it count from here.
        values: By path below [llmcache], such as ("responses", "ttl") or ("profiles", "dev", "store").
        profiles: The names of the tables below [profiles], in order.
        stores: The names of the tables below [stores], in order.
        mistakes: Everything that is wrong, in the order of the lines.
    """

    file: str
    folder: FilePath
    values: dict[Path, Value] = field(default_factory=dict)
    profiles: list[str] = field(default_factory=list)
    stores: list[str] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
