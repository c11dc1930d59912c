"""A recipe in, a model out; and scores of an exported model. Only `evaluate` works without torch."""
