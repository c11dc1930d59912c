"""What to look for: the plugin contract, its geometry and registry, and one folder per use case."""
