"""Wheels of guard and policies for other people's Pulumi programs (docs/in-your-program.md)."""
