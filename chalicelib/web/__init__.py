"""HTTP only: envelopes, the one error map, authentication, request reading, OpenAPI; one module of routes per API."""
