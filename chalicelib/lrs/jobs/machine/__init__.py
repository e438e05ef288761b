"""What all types of jobs share: parameters, schedule, pages with a checkpoint, stop, progress, logs, dry run."""
