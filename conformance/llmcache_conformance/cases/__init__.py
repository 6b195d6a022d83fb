from llmcache_conformance.cases.cancelling import CANCELLING
from llmcache_conformance.cases.closing import CLOSING
from llmcache_conformance.cases.conditional import CONDITIONAL
from llmcache_conformance.cases.deleting import DELETING
from llmcache_conformance.cases.expiry import EXPIRY
from llmcache_conformance.cases.limits import LIMITS
from llmcache_conformance.cases.linear import LINEAR
from llmcache_conformance.cases.log_races import LOG_RACES
from llmcache_conformance.cases.logs import LOGS
from llmcache_conformance.cases.news import NEWS
from llmcache_conformance.cases.reading import READING
from llmcache_conformance.cases.real_time import REAL_TIME
from llmcache_conformance.cases.room import ROOM
from llmcache_conformance.cases.scanning import SCANNING
from llmcache_conformance.cases.separation import SEPARATION
from llmcache_conformance.cases.vector_life import VECTOR_LIFE
from llmcache_conformance.cases.vector_points import VECTOR_POINTS
from llmcache_conformance.cases.vector_search import VECTOR_SEARCH
from llmcache_conformance.cases.vector_versions import VECTOR_VERSIONS
from llmcache_conformance.cases.writing import WRITING

CASES = (
    *READING,
    *WRITING,
    *EXPIRY,
    *REAL_TIME,
    *CONDITIONAL,
    *DELETING,
    *SEPARATION,
    *ROOM,
    *LIMITS,
    *LOGS,
    *LOG_RACES,
    *LINEAR,
    *SCANNING,
    *CANCELLING,
    *CLOSING,
    *NEWS,
    *VECTOR_POINTS,
    *VECTOR_SEARCH,
    *VECTOR_VERSIONS,
    *VECTOR_LIFE,
)

__all__ = ["CASES"]
