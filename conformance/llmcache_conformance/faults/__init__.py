from llmcache_conformance.faults.fault import BlackHole, Cut, Delay, Down, Fault, LostReply, Slice, Towards, Truncate
from llmcache_conformance.faults.proxy import Proxy

__all__ = ["BlackHole", "Cut", "Delay", "Down", "Fault", "LostReply", "Proxy", "Slice", "Towards", "Truncate"]
