"""What each fault makes of a chunk, without a wire."""

import pytest

from llmcache_conformance.faults import BlackHole, Cut, Delay, Down, Fault, LostReply, Slice, Towards, Truncate
from llmcache_conformance.faults.fault import Act, Carry, End, Hold, Wait


@pytest.mark.parametrize(
    ("fault", "before", "expected"),
    [
        (Delay(0.5), 0, [Wait(0.5), Carry(b"abcd")]),
        (Slice(3, 0.1), 0, [Wait(0.1), Carry(b"abc"), Wait(0.1), Carry(b"d")]),
        (Cut(), 0, [End(reset=True)]),
        (Cut(after=5), 0, [Carry(b"abcd")]),
        (Cut(after=4), 0, [Carry(b"abcd"), End(reset=True)]),
        (Cut(after=5), 4, [Carry(b"a"), End(reset=True)]),
        (Cut(after=4), 4, [End(reset=True)]),
        (Truncate(after=2), 0, [Carry(b"ab"), End(reset=False)]),
        (BlackHole(), 9, [Hold(b"abcd")]),
        (LostReply(), 0, [End(reset=True)]),
        (Down(), 0, [End(reset=True)]),
    ],
    ids=str,
)
def test_fault_says_what_becomes_of_a_chunk(fault: Fault, before: int, expected: list[Act]) -> None:
    """Bytes up to the place of the fault are carried, and the connection ends exactly there."""
    acts = list(fault.acts(b"abcd", before))

    assert expected == acts


def test_only_a_server_that_is_down_turns_new_connections_away() -> None:
    """The faults of replies let requests through; a server that is down takes neither."""
    faults: list[Fault] = [Delay(1.0), Slice(), Cut(), Truncate(), BlackHole(), LostReply()]

    assert [Towards.CLIENT] * 6 == [fault.towards for fault in faults]
    assert ([False] * 6, True) == ([fault.refuses for fault in faults], Down().refuses)
