"""Stores, clients, connections, and what a client may do."""
