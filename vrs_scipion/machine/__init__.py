"""This machine: memory and time that may be taken, and external programs."""
