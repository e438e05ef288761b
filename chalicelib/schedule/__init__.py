"""When a job runs: rules that repeat, in local time, and the next time after a given one."""
