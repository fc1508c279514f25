"""The commands of `glevel`, one file each: `add_to` describes it, `run` calls the library and prints.

Modules here import only the standard library at the top: `glevel --help` loads them all.
"""
