"""Authors' files become checked records, with line numbers."""
