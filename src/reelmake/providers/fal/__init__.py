"""fal: pictures, through its queue."""
