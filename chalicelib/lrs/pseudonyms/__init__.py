"""Pseudonyms: identities that stand for agents and tell nothing of them to who has not the key."""
