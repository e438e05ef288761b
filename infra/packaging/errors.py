"""What can go wrong when packaging."""


class PackagingError(Exception):
    """The application cannot be packaged; the text says why and what to do."""
