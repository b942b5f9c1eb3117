"""From work to records: sources, hooks, spool and drain."""
