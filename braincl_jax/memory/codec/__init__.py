"""How images become cues and cues images: transforms, the density of cues and their context, stored weights."""
