"""Projects: a dataset with its edits, some runs and the saved augmentation settings, as one file to keep or share.

contents  what the file holds, its limits, and the seal that finds any change
saving    writes one
reading   unpacks one and checks all of it
placing   puts what was checked below `home()`, under names that are free
opening   both
"""
