"""What stands below every page."""

FOOTER = "<footer>The site, since 2026</footer>"
