"""A class in a room: a teacher's board and settings, and a seat for each student."""
