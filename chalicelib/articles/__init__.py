"""Article rules, the delta format, fan-out and apply."""
