"""An episode becomes steps, as data. Pure: what is made, and why, is decided here."""
