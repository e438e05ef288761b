"""cmi5: the tokens with which an assignable unit records, and what it may do with one.

Source: AICC/CMI-5_Spec_Current, Quartz 1st edition.
"""
