"""A class: a room with a seat for each student, and the sessions that the teacher leads."""
