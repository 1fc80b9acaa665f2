"""Atomic models: reading them, and their atoms as arrays."""
