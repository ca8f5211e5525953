"""What a monitor and a log collector get from each process: figures, lines."""
