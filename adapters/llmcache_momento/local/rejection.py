"""How a call is refused: with a gRPC status, and with the word that Momento puts in the metadata `err`."""

from typing import Final

from grpc import StatusCode

RATE: Final = "operations_rate_limit_exceeded"
ITEM_SIZE: Final = "item_size_limit_exceeded"
ELEMENT_SIZE: Final = "element_size_limit_exceeded"
SUBSCRIPTIONS: Final = "topic_subscriptions_limit_exceeded"


class RejectionError(Exception):
    """Ends a call with a gRPC status.

    Args:
        code: The status.
        details: Its text.
        err: What the trailing metadata `err` says; "" for none.
    """

    def __init__(self, code: StatusCode, details: str, err: str = "") -> None:
        super().__init__(details)
        self.code = code
        self.details = details
        self.err = err


def invalid(details: str) -> RejectionError:
    """Return the refusal of an argument that cannot be right."""
    return RejectionError(StatusCode.INVALID_ARGUMENT, details)


def precondition(details: str) -> RejectionError:
    """Return the refusal of a call that does not suit what is at the key."""
    return RejectionError(StatusCode.FAILED_PRECONDITION, details)


def too_large(details: str, err: str) -> RejectionError:
    """Return the refusal of something over a limit of size or number."""
    return RejectionError(StatusCode.RESOURCE_EXHAUSTED, details, err)
