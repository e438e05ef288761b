"""The requirements as tables: id, section of 1.0.3, what it asks for in a sentence."""
