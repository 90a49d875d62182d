"""The teacher's board: a row for each student, the ranking of a challenge, and exports."""
