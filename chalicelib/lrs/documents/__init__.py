"""Documents: states, activity profiles and agent profiles, as their bytes were sent."""
