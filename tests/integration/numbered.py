# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures that bear their number: eight blocks across the top quarter, white for 1, the highest bit
first. What a player shows can be told apart, whatever the size of the picture."""
BITS = 8
WHITE, BLACK = 235, 16


def picture(number, width, height):
    """One picture, I420."""
    blocks = b"".join(bytes([WHITE if number >> bit & 1 else BLACK]) * (width // BITS)
                      for bit in reversed(range(BITS)))
    bar = number * 4 % (width - 16)  # something that moves
    rest = bytes([60 + i % 64 for i in range(bar)]) + bytes([200]) * 16
    rest += bytes([60 + i % 64 for i in range(width - len(rest))])
    luma = blocks * (height // 4) + rest * (height - height // 4)
    return luma + bytes([128]) * (2 * ((width + 1) // 2) * ((height + 1) // 2))


def write_clip(path, numbers, width, height):
    with open(path, "wb") as file:
        for number in numbers:
            file.write(picture(number, width, height))


def read(pixels, width, height):
    """The number of a GRAY8 picture: one pixel in the middle of each block."""
    row = height // 8 * width
    middles = (row + bit * width // BITS + width // BITS // 2 for bit in range(BITS))
    return sum((pixels[middle] > 128) << bit for bit, middle in zip(reversed(range(BITS)), middles))
