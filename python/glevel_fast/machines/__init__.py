"""Long runs over threads, processes and machines; what they are of is decided elsewhere."""
