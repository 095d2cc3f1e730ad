"""A run as one HTML file that classifies in a browser, without a network and without Pawlab."""
