"""Distributions for tests of inference."""
