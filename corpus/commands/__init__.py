"""One module a command: plain functions the command line calls."""
