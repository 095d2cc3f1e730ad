"""Collections: datasets that grow under the camera. Plain class folders below `home()/collections`.

bursts      what the name of a collected image says: of which burst it is
places      where collections lie, and which names they may have
store       which collections there are: made, opened, renamed, deleted
collection  a `Collection`: its classes, and what may be done to them
cards       a class as a page shows it, and what it still needs
journal     actions as lists of renames, written down before they are done; undo
kept_image  the bytes that are kept of an image
importing   many files into a class
"""
