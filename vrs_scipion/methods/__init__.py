"""Numerical methods by their published names: a built-in engine for each, external ones beside."""
