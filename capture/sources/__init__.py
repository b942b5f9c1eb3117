"""Sources: one module a kind of work; each makes drafts for the gate."""
