"""One gate: a draft goes in, a `Redacted` comes out; engine, rules, people and pseudonyms lie behind it."""
