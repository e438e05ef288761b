"""Statements made from a config: families of agents, groups, verbs and activities, and templates that join them."""
