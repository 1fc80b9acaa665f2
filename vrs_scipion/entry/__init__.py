"""The entry folder: what the checks start from."""
