"""What all types of jobs of the record store share: parameters, requests, the cutoff, steps, how they are shown."""
