"""What a person or a pipeline runs. Thin: decisions live in the other folders."""
