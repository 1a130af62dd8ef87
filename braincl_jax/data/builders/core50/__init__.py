"""CORe50 as a data set of tensorflow_datasets, which is named after this folder."""
