"""A drive simulator: a street as data, a camera that drives along it, film, trace and truth in metres."""
