"""What the teacher of a room can do."""
