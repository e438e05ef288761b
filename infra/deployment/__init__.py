"""The steps of a deployment: artifacts into a bucket, a change set, and what the emulator leaves out."""

STACK_OF_STAGE = "lightrail-{stage}"
"""The name of a stage's CloudFormation stack."""
