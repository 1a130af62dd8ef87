"""How strings and records lie in the block of words that is the long-term memory, and how damage is found."""
