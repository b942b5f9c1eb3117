"""Finding what is held of a person or under a condition, and taking it out of everything: records, packs, caches and builds."""
