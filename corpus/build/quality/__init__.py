"""Filters of quality: each looks at a row and its record and says why not, or nothing."""
