"""Particles: their tables in every common format, their images, their orientations."""
