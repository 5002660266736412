"""What is where and when on screen. Pure: nothing here touches the machine."""
