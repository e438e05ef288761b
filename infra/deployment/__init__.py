"""The steps of a deployment: artifacts into a bucket, a change set, and what the emulator leaves out."""
