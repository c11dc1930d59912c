"""Where findings go: one class per format, found by entry point in the group ``gatukoll.sinks``."""
