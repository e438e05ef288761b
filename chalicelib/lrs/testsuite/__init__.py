"""Runs of the conformance checks against a client's own endpoint: the way there, and what is taken away after them."""
