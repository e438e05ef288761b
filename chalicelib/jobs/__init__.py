"""The machine of jobs: schedule, tick, worker, pages with a checkpoint, stop, logs. What a page is, their types say."""
