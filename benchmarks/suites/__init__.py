"""How many of the same faults our suite and other published suites catch: `python -m benchmarks.suites`.

Every saboteur of our suite, a memory store broken in exactly one way, is put behind the thinnest thing that another suite's
interface allows: names are not hashed and failures not hidden, so that a fault of the store is a fault of what that suite
sees. A suite catches a saboteur if one of its tests fails; on the store that is not broken all of them pass, or the
comparison stops. The result is kept in benchmarks/results.
"""
