"""Random programs of all ops, judged by the oracle; see `machine`. Hypothesis draws them, the same ones every time."""

from llmcache_conformance.case import Need
from llmcache_conformance.check import check_of
from llmcache_conformance.subject import Subject

_PROGRAMS = 15
_STEPS = 20


def random_programs_answer_as_the_oracle(subject: Subject) -> None:
    """Whatever is done one after the other, in either colour, the store answers as a dict and a list do."""
    # Here, because the suite is listed and planned where Hypothesis is not installed, too.
    from hypothesis import HealthCheck, Phase, settings  # noqa: PLC0415 -- see above
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415 -- see above

    from llmcache_conformance.machine import machine_for  # noqa: PLC0415 -- see above

    # Without shrinking: on a slow store it takes longer than all else, and the program that failed is told as it is.
    chosen = settings(
        max_examples=_PROGRAMS,
        stateful_step_count=_STEPS,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(machine_for(subject), settings=chosen)


PROGRAMS = (
    check_of(
        random_programs_answer_as_the_oracle,
        ("KV-1", "KV-2", "KV-4", "KV-5", "KV-7", "KV-14", "KV-15", "LOG-1", "LOG-6"),
        (Need.CLOCK, Need.LOG),
    ),
)
