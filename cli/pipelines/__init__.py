"""What a pipeline adds to the command line: inputs as runbooks type them, outputs, and the deployments in the way."""
