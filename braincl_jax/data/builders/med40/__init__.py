"""Seven data sets of MedMNIST as one of tensorflow_datasets, which is named after this folder."""
