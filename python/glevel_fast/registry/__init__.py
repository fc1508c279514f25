"""Submissions: archives checked and admitted by fair rules, evaluated, kept in one SQLite file, and ranked."""
