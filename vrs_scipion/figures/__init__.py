"""Pictures: slices, projections, curves and surfaces of maps, drawn to files."""
