"""The HTTP calls of the learning record store: one module of routes per resource, and what they share."""
