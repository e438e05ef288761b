"""Jobs that maintain the record store: one module per type; what they share is in `machine`."""
