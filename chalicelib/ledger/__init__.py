"""Jobs, files, gates and counts: the state machine of work."""
