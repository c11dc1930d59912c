"""The repository root is the package gatukoll; a hand-written list of packages would miss new folders."""

from setuptools import find_packages, setup

TREE = ["detectors*", "datasets*", "training*", "runtime*", "configs*"]

setup(packages=["gatukoll", *(f"gatukoll.{name}" for name in find_packages(include=TREE))])
