"""A local AWS account: moto as one long-living server, extended in-process with what it lacks."""
