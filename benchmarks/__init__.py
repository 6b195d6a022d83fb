"""Programs that measure llmcache beside its peers and beside the floor of the medium, in one run."""
