"""The merge template: everything of the stack that `chalice package` does not make by itself.

It is Python because most of it is a rule applied to a list: every queue has a dead-letter queue, an alarm and
a policy; every function has a role, a log group and alarms. `infra.template.build` joins the parts,
`python -m infra.template` prints the whole.
"""
