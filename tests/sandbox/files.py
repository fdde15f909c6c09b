"""Sound scans as several programs write them, and mutations of them. All content is invented."""

import io
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import img2pdf
import pikepdf
import typst
from PIL import Image, ImageDraw

SAMPLES = Path(__file__).parent / "samples"
Sound = tuple[str, bytes]


def page(rng: random.Random, size: tuple[int, int] = (827, 1169)) -> Image.Image:
    """Return the picture of a page with lines of invented text and a seal."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for line in range(rng.randint(8, 20)):
        draw.text((80, 80 + 40 * line), "".join(rng.choices("ABCDEFGH 0123456789", k=50)), fill="black")
    x, y = rng.randint(200, 500), rng.randint(600, 900)
    draw.ellipse((x, y, x + 180, y + 180), outline="red", width=6)
    return image


def _saved(image: Image.Image, file_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def _jpeg(rng: random.Random) -> Sound:
    exif = Image.Exif()
    exif[0x0112] = rng.choice((1, 3, 6, 8))
    return "image/jpg", _saved(page(rng), "JPEG", quality=rng.randint(60, 95), exif=exif)


def _progressive_jpeg(rng: random.Random) -> Sound:
    return "image/jpeg", _saved(page(rng).convert("CMYK"), "JPEG", progressive=True)


def _png(rng: random.Random) -> Sound:
    return "image/png", _saved(page(rng).convert(rng.choice(("RGB", "RGBA", "P", "L", "1"))), "PNG")


def _pillow_pdf(rng: random.Random) -> Sound:
    sheets = [page(rng) for _ in range(rng.randint(2, 3))]
    return "application/pdf", _saved(sheets[0], "PDF", save_all=True, append_images=sheets[1:])


def _img2pdf(rng: random.Random) -> Sound:
    return "application/pdf", img2pdf.convert([_jpeg(rng)[1], _saved(page(rng), "PNG")])


def _pikepdf(rng: random.Random) -> Sound:
    file = io.BytesIO()
    with pikepdf.open(io.BytesIO(_pillow_pdf(rng)[1])) as document:
        mode = rng.choice((pikepdf.ObjectStreamMode.generate, pikepdf.ObjectStreamMode.disable))
        document.save(file, linearize=rng.random() < 0.5, object_stream_mode=mode)
    return "application/x-pdf", file.getvalue()


def _behind_a_mark(rng: random.Random) -> Sound:
    return "application/pdf", b"\xef\xbb\xbf" + _pillow_pdf(rng)[1]


def _typst(rng: random.Random) -> Sound:
    text = " ".join(rng.choices(("alpha", "beta", "gamma", "delta"), k=300))
    return "application/pdf", typst.compile(f"= A form\n{text}\n".encode())


def _phone(_rng: random.Random) -> Sound:
    return "image/heic", (SAMPLES / "phone.heic").read_bytes()


def _ghostscript(rng: random.Random) -> Sound:
    # pdfwrite with a font that is not embedded, and pdfimage24, as a scanner's program writes it.
    return "application/pdf", (SAMPLES / rng.choice(("ghostscript.pdf", "ghostscript-scan.pdf"))).read_bytes()


_MAKERS: tuple[Callable[[random.Random], Sound], ...] = (
    _jpeg,
    _progressive_jpeg,
    _png,
    _pillow_pdf,
    _img2pdf,
    _pikepdf,
    _behind_a_mark,
    _typst,
    _phone,
    _ghostscript,
)


def sound_files(rng: random.Random, count: int) -> Iterator[Sound]:
    """Yield `count` sound files with the media types that senders state."""
    for number in range(count):
        yield _MAKERS[number % len(_MAKERS)](rng)


def mutated(rng: random.Random, content: bytes) -> bytes:
    """Return the bytes with one kind of damage: cut, bits turned, a part zeroed, doubled, lost or moved."""
    data = bytearray(content)
    start = rng.randrange(len(data))
    part = slice(start, min(len(data), start + rng.randint(1, 2000)))
    match rng.randrange(6):
        case 0:
            del data[start:]
        case 1:
            for _ in range(rng.randint(1, 30)):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        case 2:
            data[part] = bytes(part.stop - part.start)
        case 3:
            data[start:start] = data[part]
        case 4:
            del data[part]
        case _:
            moved = data[part]
            del data[part]
            place = rng.randrange(len(data) + 1)
            data[place:place] = moved
    return bytes(data)
