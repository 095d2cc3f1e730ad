"""An image from an address that somebody typed in, fetched by the server: what it may ask for is what anybody may."""

from core.errors import DownloadError, InputError
from core.images.decode import MAGIC_BYTES, begins_as_image
from core.images.files import FORMATS, MAX_BYTES
from core.jobs.progress import Progress, silent
from core.net.addresses import is_address
from core.net.stream import Limits, Transfer, open_stream, read_body

LIMITS = Limits(
    MAX_BYTES,
    kind=f"an image ({FORMATS})",
    begins=lambda begin: begins_as_image(begin[:MAGIC_BYTES]),
    connect_seconds=5.0,
    total_seconds=30.0,
)
WANTED = "the http or https address of an image on the public web"
INSTEAD = 'Copy the address of the image itself ("Copy image address" in the browser), or save it and give the file'


def fetch_image(url: str, progress: Progress = silent, limits: Limits = LIMITS) -> bytes:
    """The content of the image at `url`. It begins as an image; whether it is a good one shows when it is decoded.

    Raises:
        InputError: `url`, or where it leads, is no address that may be asked.
        DownloadError: The server did not send an image in time.
        Cancelled: From `progress`, which is told of the phase "download", in bytes.
    """
    if not is_address(url := url.strip()):
        raise InputError("The address does not begin with http:// or https://", WANTED, "Copy it from the browser")
    transfer = Transfer(url, limits, progress, public=True)
    try:
        with open_stream(transfer, {"Accept": "image/*", "User-Agent": "Pawlab"}) as response:
            return b"".join(read_body(response, transfer))
    except (DownloadError, InputError) as error:
        raise type(error)(error.received, error.expected or WANTED, error.fix or INSTEAD) from error
