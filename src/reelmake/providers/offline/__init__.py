"""Parts of the offline providers: a voice that speaks and a painter that paints, with no keys and no network."""
