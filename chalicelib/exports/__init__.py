"""Exports of articles as files: ordered by people, run by the machine of jobs, published with one write.

`orders` reads what is asked for, `run` is what a run does, `service` what the API does with exports.
"""
