"""What a store was doing, for the messages of its errors."""

from dataclasses import dataclass

from llmcache.model.key import Key


@dataclass(slots=True)
class Deed:
    """One call of a store; its text names the op and the key's digest, and nothing that was said.

    Not frozen: one is made at every call, and that would take longer.

    Attributes:
        op: The method, such as "put_many".
        key: The first key it is about, or None.
        changes: It writes, so that no answer leaves open whether it was done.
    """

    op: str
    key: Key | None = None
    changes: bool = False

    def __str__(self) -> str:
        return f"{self.op} of {self.key.digest}" if self.key is not None else self.op
