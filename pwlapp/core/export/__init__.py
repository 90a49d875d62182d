"""Files that a student takes home: programs, notebooks, checkpoints and QR codes."""
