"""Densities: reading, validating, writing, masks, Fourier space. Arrays in, arrays out."""
