"""Single image files, read by pillow, which is loaded when one is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from ram_envs.arguments import shown
from ram_envs.extras import how_to_install

# What counts as an image, by its suffix, and is opened as one, by what is in it. Pillow knows more, but some of that is
# no picture of pixels, and for some of it other programs are run.
SUFFIXES = {
    "AVIF": (".avif",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "JPEG2000": (".jp2",),
    "PNG": (".png",),
    "PPM": (".pbm", ".pgm", ".pnm", ".ppm"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
}
# Of 8 bits a channel; the others (16 bits, floats) have no one way to become bytes.
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")
GREY = ("1", "L", "LA")
TRANSPARENT = ("LA", "PA", "RGBA")  # of others one colour may be declared to be transparent
ORIENTATION, TURNED = 274, (5, 6, 7, 8)  # of EXIF: cameras tell that a picture lies on its side
WIDTH, HEIGHT = 256, 257  # of TIFF: the size of what is stored
# The sizes in a header are believed if each byte of the file stands for at most so many pixels (deflate packs 1,032
# bytes into one, each of 8 pixels of one bit), or if there are so few that they do no harm.
PIXELS_A_BYTE, FEW_PIXELS = 8256, 2**20


class Form(NamedTuple):
    """The form of an image, or the one that images are brought to."""

    mode: str
    """Pillow's: "L" for grey, "RGB" for colour."""
    size: tuple[int, int]
    """(width, height), as pillow has it."""
    scaled: bool = False
    """Whether images of other sizes are scaled to this one."""


def header(file: Path) -> Form:
    """The file's own mode, and its size when it is turned upright.

    Raises:
        ValueError: a file that is no image, has no 8 bits a channel, or whose size can't be true; it names the file.
    """
    with opened(file) as image:
        # Pillow tells the size of a TIFF file as it will be when it is turned, of others as it is stored.
        width, height = (image.tag_v2[WIDTH], image.tag_v2[HEIGHT]) if image.format == "TIFF" else image.size
        # The base class's method: that of PNG files would decode the whole image.
        turned = _pillow().Image.getexif(image).get(ORIENTATION) in TURNED
        mode = image.mode
    if mode not in MODES:
        raise ValueError(f"{shown(file)} has the mode {mode}; convert it to 8 bits a channel (L or RGB) first")
    return Form(mode, (height, width) if turned else (width, height))


def pixels(file: Path, form: Form) -> NDArray[np.uint8]:
    """The image of a file, upright and on white, as an array (H, W), or of the form RGB (H, W, 3).

    Raises:
        ValueError: a file that is damaged, or has changed its size since its form was read; it names the file.
    """
    from PIL import ImageOps

    with opened(file) as image:
        upright = _on_white(ImageOps.exif_transpose(image)).convert(form.mode)
    if form.scaled:
        upright = ImageOps.fit(upright, form.size)
    if upright.size != form.size:
        raise ValueError(f"{shown(file)} had {form.size} pixels (width, height) before and has {upright.size} now")
    return np.asarray(upright)


def check_size(size: tuple[int, int], length: int) -> None:
    """Raise a ValueError if an image of such (width, height) can't come out of a file of so many bytes."""
    if size[0] * size[1] > max(FEW_PIXELS, PIXELS_A_BYTE * length):
        raise ValueError(f"its header tells {size[0]}x{size[1]} pixels, which its {length} bytes can't hold")


def _on_white(image: Any) -> Any:
    """The image on a white ground, where it has a transparent one."""
    if image.mode not in TRANSPARENT and "transparency" not in image.info:
        return image
    image = image.convert("RGBA")
    return _pillow().alpha_composite(_pillow().new("RGBA", image.size, "white"), image)


@contextmanager
def opened(file: Path) -> Iterator[Any]:
    """The file as pillow's image, of a plausible size; whatever is wrong with it is a ValueError that names it."""
    pillow = _pillow()
    pillow.init()
    try:
        # A path in place of a stream would be mapped to memory: pillow 11.3 then garbles TIFF files that lie on a side.
        with file.open("rb") as stream, pillow.open(stream, formats=[f for f in SUFFIXES if f in pillow.OPEN]) as image:
            check_size(image.size, file.stat().st_size)
            yield image
    except Exception as error:  # what pillow raises on damaged files may be anything
        reason = str(error) or type(error).__name__
        raise ValueError(f"{shown(file)} can't be read as an image ({reason}); mend it or take it away") from error


def _pillow() -> ModuleType:
    try:
        from PIL import Image
    except ImportError as error:
        raise DependencyNotInstalled(
            f"pillow is not installed, and folders of images need it: run {how_to_install('render')}"
        ) from error
    return Image
