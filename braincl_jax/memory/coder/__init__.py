"""How cues become bit strings: integer tables and rANS."""
