"""Labelled pictures in, dataset versions out: layout, label scopes, splits, scores, the drive simulator."""
