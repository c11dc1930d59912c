"""Defaults of training (hydra), and example city files."""
