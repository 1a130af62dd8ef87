"""What is kept of the images seen: codec, density, entropy coder, cue store, byte budget."""
