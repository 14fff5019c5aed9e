"""What the four compaction handlers share: their own copy of the compaction logic, and how they run."""
