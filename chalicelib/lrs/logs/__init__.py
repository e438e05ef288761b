"""The general log: what happened in the record store that its operators want to know."""
