"""What a student takes home: programs, checkpoints and QR codes."""
