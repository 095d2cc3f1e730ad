"""Advice on a dataset: what to do next, and what it would change. Every number comes from fits that were really made,
on the frozen base's features, and is measured on images that those fits have not seen."""
