"""Other places that records come from or go to: another record store, JSON lines, a search cluster."""
