"""The teacher's commands to a room."""
