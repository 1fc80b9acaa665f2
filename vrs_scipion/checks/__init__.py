"""The checks: one file each, named by its code."""
