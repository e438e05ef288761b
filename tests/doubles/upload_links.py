"""Links to a bucket in memory: they name what they allow."""


class MemoryUploadLinks:
    """Stands in for `ports.upload_links.UploadLinks`."""

    def upload_link(self, key: str, size: int, seconds: int) -> str:
        return f"https://bucket.example.com/{key}?length={size}&seconds={seconds}"
