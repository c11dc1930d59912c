"""Captures in, findings out: everything a run does. Works where torch is not installed."""
