"""What the domain needs from outside, in its own words: no AWS type, no HTTP type."""
