"""What each augmentation does to the accuracy, before anything is trained: single changes passed through the base once,
and heads fitted to any combination of them in milliseconds."""
