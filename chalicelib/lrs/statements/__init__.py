"""Statements: how they are recorded, what becomes of those they refer to, and how they are read."""
