#!/usr/bin/env python3
"""What is put on a board, from the ELF file of an image: flash.py ELF FILE.uf2, or FILE.bin.

UF2 is what a Raspberry Pi Pico takes as a file on the drive that it is while BOOTSEL is held. The bytes of a .bin go to the
start of an ESP32-C3's flash: esptool.py write_flash 0 FILE.bin.
"""

import struct
import sys

PAGE, RP2040 = 256, 0xE48BFF56
# The flash of an ESP32-C3 is seen at several addresses.
SEEN = 0x3FFFFF


def segments(elf: bytes) -> list[tuple[int, bytes]]:
    """What is loaded, with its address in flash."""
    assert elf[:6] == b"\x7fELF\x01\x01", "a little-endian ELF of 32 bits"
    (headers,), (size, count) = struct.unpack_from("<I", elf, 28), struct.unpack_from("<HH", elf, 42)
    all_of_them = (struct.unpack_from("<5I", elf, headers + i * size) for i in range(count))
    return [(address, elf[at : at + length]) for kind, at, _, address, length in all_of_them if kind == 1]


def uf2(elf: bytes) -> bytes:
    pages: dict[int, bytearray] = {}
    for start, content in segments(elf):
        for address, byte in enumerate(content, start):
            pages.setdefault(address // PAGE, bytearray(PAGE))[address % PAGE] = byte
    blocks = b""
    for i, (number, page) in enumerate(sorted(pages.items())):
        head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, 0x2000, number * PAGE, PAGE, i, len(pages), RP2040)
        blocks += (head + page).ljust(508, b"\0") + struct.pack("<I", 0x0AB16F30)
    return blocks


def binary(elf: bytes) -> bytes:
    parts = [(address & SEEN, content) for address, content in segments(elf) if content]
    image = bytearray(b"\xff" * max(start + len(content) for start, content in parts))
    for start, content in parts:
        image[start : start + len(content)] = content
    return bytes(image)


if __name__ == "__main__":
    source, target = sys.argv[1:]
    with open(source, "rb") as file:
        elf = file.read()
    with open(target, "wb") as file:
        file.write(uf2(elf) if target.endswith(".uf2") else binary(elf))
