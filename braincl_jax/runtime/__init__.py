"""The only impure code: files, clocks and devices around the pure steps."""
