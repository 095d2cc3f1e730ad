"""Text from strangers (names of files, classes and runs, EXIF, errors of servers), made safe for where it is shown.

- `lines`: one short line for a message, a title or a list.
- `file_names`: a name that every file system takes.
- `markup`: the same characters in HTML and in Markdown.
- `csv_cells`: a cell that no spreadsheet runs.
"""
