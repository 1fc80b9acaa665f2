"""Running a validation: the Scipion project of an output folder, its boxes, their processes."""
