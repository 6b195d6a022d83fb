"""Configuration files with one mistake about a near tier each."""

from tests.config.wrong_file import WrongFile

_SECONDS = "a length of time such as '250ms', '30s', '5m', '2h' or '7d', or a number of seconds, above zero"
_SIZE = "a size such as '64MiB' or '1GB', or a number of bytes, at least 64 KiB"
_RESPONSES = "store, ttl, early_refresh, background_refresh, stale_if_error, jitter, coalesce, tag_models"

WRONG_NEAR = [
    WrongFile(
        "near tier that is no table",
        '[stores.shared]\nurl = "memory:"\nnear = true\n',
        ":3: [stores.shared] near: found true; allowed a table with max_bytes, ttl",
    ),
    WrongFile(
        "near tier without a bound",
        '[stores.shared]\nurl = "memory:"\n[stores.shared.near]\nttl = "5s"\n',
        f":3: [stores.shared.near] max_bytes: found nothing; allowed {_SIZE}",
    ),
    WrongFile(
        "near tier with a misspelt key",
        '[stores.shared]\nurl = "memory:"\nnear = { max_bytes = "1MiB", tll = 5 }\n',
        ":3: [stores.shared.near] tll: found an unknown key; allowed max_bytes, ttl; did you mean 'ttl'?",
    ),
    WrongFile(
        "size without a unit that exists",
        '[stores.shared]\nurl = "memory:"\nnear = { max_bytes = "64 megs" }\n',
        f":3: [stores.shared.near] max_bytes: found '64 megs'; allowed {_SIZE}",
    ),
    WrongFile(
        "size that holds next to nothing",
        '[stores.shared]\nurl = "memory:"\nnear = { max_bytes = "10kB" }\n',
        f":3: [stores.shared.near] max_bytes: found '10kB'; allowed {_SIZE}",
        seen_by_editors=False,
    ),
    WrongFile(
        "size that is a fraction",
        '[stores.shared]\nurl = "memory:"\nnear = { max_bytes = 1048576.5 }\n',
        f":3: [stores.shared.near] max_bytes: found 1048576.5; allowed {_SIZE}",
    ),
    WrongFile(
        "near time to live of nothing",
        '[stores.shared]\nurl = "memory:"\nnear = { max_bytes = 1048576, ttl = 0 }\n',
        f":3: [stores.shared.near] ttl: found 0; allowed {_SECONDS}",
    ),
    WrongFile(
        "near tier of a purpose",
        '[llmcache]\nresponses = { near = { max_bytes = "1MiB" } }\n',
        ":2: [llmcache.responses] near: found an unknown key; allowed "
        + _RESPONSES
        + "; it belongs to a store, below [stores.NAME]",
    ),
]
