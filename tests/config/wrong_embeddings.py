"""Configuration files with one mistake about vectors each."""

from tests.config.wrong_file import WrongFile

_SECONDS = "a length of time such as '250ms', '30s', '5m', '2h' or '7d', or a number of seconds, above zero"

WRONG_EMBEDDINGS = [
    WrongFile(
        "precision that does not exist",
        '[llmcache]\nembeddings = { precision = "float64" }\n',
        ":2: [llmcache.embeddings] precision: found 'float64'; allowed 'float32', 'float16' or 'int8'",
    ),
    WrongFile(
        "precision that is a number",
        "[llmcache.embeddings]\nprecision = 16\n",
        ":2: [llmcache.embeddings] precision: found 16; allowed 'float32', 'float16' or 'int8'",
    ),
    WrongFile(
        "time to live of vectors that is none",
        "[profiles.prod]\nembeddings.ttl = 0\n",
        f":2: [profiles.prod.embeddings] ttl: found 0; allowed {_SECONDS}",
    ),
    WrongFile(
        "key of a vector that answers have",
        "[llmcache.embeddings]\njitter = 0.1\n",
        ":2: [llmcache.embeddings] jitter: found an unknown key; allowed store, ttl, precision",
    ),
]
