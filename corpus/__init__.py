"""From records to training sets: redaction, store and build."""

__version__ = "0.1.0"
