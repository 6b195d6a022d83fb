"""LMDB as a store for llmcache: one folder, for all threads and processes of a machine."""
