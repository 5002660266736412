"""Authors' files become checked records, with line numbers. Pure: it is given the text."""
