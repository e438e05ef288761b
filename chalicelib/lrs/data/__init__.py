"""The data of stores in six services, each counted, gone through and removed in the same way."""
