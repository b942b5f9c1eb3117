"""Git: the only place that opens a repository or runs git."""
