"""What is where and when on screen. Pure: it touches no machine."""
