"""Segmenting in a process of its own, so that no host imports torch or waits: `client` is the host's side of it."""
