"""The board: what each student has, live, as a table, and as a notebook."""
