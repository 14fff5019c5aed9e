"""What the four compaction handlers share: how they run. The compaction logic is the package's."""
