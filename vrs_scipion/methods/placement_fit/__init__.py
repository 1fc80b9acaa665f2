"""Does a model lie where its map is: shift, rotation and scale that fit it, and other hands."""
