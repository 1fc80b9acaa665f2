"""Results to pages: PDF, HTML and JSON."""
