"""Links the library for the board's processor."""
import os
import re

Import("env")

flags = [str(flag) for flag in env.get("CCFLAGS", []) + env.get("LINKFLAGS", [])]
board = env.BoardConfig()
cpu = board.get("build.cpu", "")


def last(name):
    """The value of the last flag of that name."""
    values = [flag.split("=", 1)[1] for flag in flags if flag.startswith(name + "=")]
    return values[-1] if values else ""


hard, arch, abi = last("-mfloat-abi") == "hard", last("-march"), last("-mabi")
name = None
mcu = board.get("build.mcu", "")
# What a chip has where no flag says it.
chips = {"esp32c2": "imc", "esp32c3": "imc", "esp32c5": "imac", "esp32c6": "imac", "esp32c61": "imac", "esp32h2": "imac"}
if arch.startswith("rv") or mcu in chips or cpu.startswith("riscv"):
    # The letters after rv32, without extensions of longer names: g stands for imafd.
    letters = re.split("[_sxz]", arch[4:].replace("g", "imafd"))[0] if arch.startswith("rv32") else ""
    letters = letters if arch else chips.get(mcu, "")
    if letters.startswith("i") and "m" in letters and "c" in letters and abi in ("", "ilp32"):
        name = "rv32imac" if "a" in letters else "rv32imc"
elif hard and cpu in ("cortex-m4", "cortex-m7"):
    name = "cortex-m4f"
elif hard and cpu in ("cortex-m33", "cortex-m55"):
    # Without Helium on floats an M55 is an M33.
    helium = cpu == "cortex-m55" and not re.search(r"\+no(mve|mve\.fp|dsp)(\+|$)", last("-mcpu"))
    name = "cortex-m55" if helium else "cortex-m33f"
elif not hard and cpu in ("cortex-m3", "cortex-m4", "cortex-m7"):
    name = "cortex-m3"
elif not hard and cpu in ("cortex-m0", "cortex-m0plus", "cortex-m23", "cortex-m33", "cortex-m55"):
    name = "cortex-m0"
if name is None:
    raise SystemExit("sbn: no library fits the processor %r with -mfloat-abi=%s -march=%s -mabi=%s" % (cpu, last("-mfloat-abi"), arch, abi))
env.Append(LIBPATH=[os.path.join(os.path.dirname(os.path.realpath("library.json")), "lib", name)], LIBS=["sbn"])
