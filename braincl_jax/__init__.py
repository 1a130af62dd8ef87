"""BrainCL: continual learning with a semi-parametric memory, consolidated in wake and sleep phases."""
