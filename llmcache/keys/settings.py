"""Settings: the named values beside the messages of a request; which of them are in the key, and in which form.

Only the top of such a table is looked at. What stands deeper is the user's own data.
"""

from collections.abc import Mapping

from llmcache.keys.drops import NULL, NUMBERS, Dropped, Note
from llmcache.model.units import Plain


def kept(settings: Mapping[str, Plain], drops: Mapping[str, str], path: str, note: Note) -> dict[str, Plain]:
    """Return the settings that belong to the key.

    A setting named in `drops` goes, and so does a null: newer versions of a client leave out what older ones wrote
    as null. The `NUMBERS` get one form for one value.

    Args:
        settings: By name; not changed.
        drops: Why, by name.
        path: Where the table stands, for `note`.
        note: Gets a line for everything that goes.
    """
    fresh: dict[str, Plain] = {}
    for name, value in settings.items():
        reason = NULL if value is None else drops.get(name)
        if reason is None:
            fresh[name] = _one_form(value) if name in NUMBERS else value
        else:
            note.append(Dropped(f"{path}.{name}", reason))
    return fresh


def _one_form(value: Plain) -> Plain:
    return int(value) if type(value) is float and value.is_integer() else value
