"""Export of a run as one verified zip that works without Pawlab, and import of such a zip."""
