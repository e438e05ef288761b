"""Lightrail's application code; `app.py` joins it to the triggers."""
