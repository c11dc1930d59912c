"""A drive simulator: a street as data, a camera that drives along it, a film, a trace and the truth in metres."""
