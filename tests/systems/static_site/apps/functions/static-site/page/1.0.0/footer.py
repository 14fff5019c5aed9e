"""What stands below every page."""

FOOTER = "<footer>The site</footer>"
