"""Builders of tensorflow_datasets for data sets that it has not: see `docs/datasets.md`."""
