"""Hooks: placing them beside what is there, taking them away again, and proving that they run."""
