from llmcache_conformance.saboteurs.bodies import BODY_SABOTEURS, SharedMemory
from llmcache_conformance.saboteurs.coarse import COARSE_SABOTEURS
from llmcache_conformance.saboteurs.conditions import CONDITION_SABOTEURS
from llmcache_conformance.saboteurs.endings import ENDING_SABOTEURS
from llmcache_conformance.saboteurs.indexes import INDEX_SABOTEURS
from llmcache_conformance.saboteurs.limits import LIMIT_SABOTEURS
from llmcache_conformance.saboteurs.listing import LISTING_SABOTEURS
from llmcache_conformance.saboteurs.logs import LOG_SABOTEURS
from llmcache_conformance.saboteurs.names import NAME_SABOTEURS
from llmcache_conformance.saboteurs.news import NEWS_SABOTEURS
from llmcache_conformance.saboteurs.pointed import PointsMemory
from llmcache_conformance.saboteurs.points import POINT_SABOTEURS
from llmcache_conformance.saboteurs.races import RACE_SABOTEURS
from llmcache_conformance.saboteurs.room import ROOM_SABOTEURS
from llmcache_conformance.saboteurs.saboteur import Saboteur
from llmcache_conformance.saboteurs.searches import SEARCH_SABOTEURS
from llmcache_conformance.saboteurs.times import TIME_SABOTEURS

SABOTEURS = (
    *NAME_SABOTEURS,
    *BODY_SABOTEURS,
    *TIME_SABOTEURS,
    *CONDITION_SABOTEURS,
    *LOG_SABOTEURS,
    *ROOM_SABOTEURS,
    *RACE_SABOTEURS,
    *COARSE_SABOTEURS,
    *LIMIT_SABOTEURS,
    *LISTING_SABOTEURS,
    *ENDING_SABOTEURS,
    *NEWS_SABOTEURS,
    *POINT_SABOTEURS,
    *INDEX_SABOTEURS,
    *SEARCH_SABOTEURS,
)

__all__ = ["SABOTEURS", "PointsMemory", "Saboteur", "SharedMemory"]
