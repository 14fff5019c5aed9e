"""What the functions of the async-rag system have in common."""
