"""Result files of other tools, one module per format.

Each has `FILES`, the patterns of its file names, `GROUP`, the modality and paradigm that its tasks most likely
have, and `read(path, take)`, which adds what a file holds to a `Take`.
"""
