"""What the functions of the security design assistant share."""
