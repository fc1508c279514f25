"""Files and frames in and out, one module per format; what the numbers mean is decided elsewhere."""
