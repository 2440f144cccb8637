"""Pictures on their way into a bulletin: made smaller, and stripped of what the camera wrote into them."""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from tongxin.base.problems import Problem
from tongxin.base.words import say

MOST_BYTES = 20_000_000
MOST_PIXELS = 80_000_000
WIDEST = 1600
QUALITY = 82


class BadPicture(Problem):
    """What was uploaded is no picture that can be published; nothing was kept."""

    code = "bulletin.bad_picture"
    next_step = "换一张 JPEG、PNG 或 WebP 图片，不超过 20 MB。"


def prepared(content: bytes) -> tuple[bytes, int, int]:
    """Return a picture as JPEG, upright, at most 1600 pixels wide, without its metadata; and width and height.

    Raise BadPicture if it is none, or too large.
    """
    if len(content) > MOST_BYTES:
        raise BadPicture(say("图片太大：{n} MB", n=len(content) // 1_000_000))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as opened:
                return _written(opened)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadPicture(say("这个文件不是能发布的图片"), reason=type(error).__name__) from None


def _written(opened: Image.Image) -> tuple[bytes, int, int]:
    if opened.width * opened.height > MOST_PIXELS:
        raise BadPicture(say("图片太大：{n} 万像素", n=opened.width * opened.height // 10_000))
    upright = ImageOps.exif_transpose(opened)
    upright.thumbnail((WIDEST, WIDEST))
    plain = Image.new("RGB", upright.size, "white")  # nothing of the file comes along but its pixels
    plain.paste(upright, mask=upright.getchannel("A") if upright.mode in ("RGBA", "LA") else None)
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=QUALITY, progressive=True)
    return out.getvalue(), plain.width, plain.height
