"""How a store goes with all that is in it: step by step, while others may still be writing."""
