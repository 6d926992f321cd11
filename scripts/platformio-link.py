#!/usr/bin/env python3
"""Which library the PlatformIO package links for a board. Usage: platformio-link.py PACKAGE, its folder

What PlatformIO hands to link.py is stood in for.
"""
import os
import sys

# The board's build.cpu and build.mcu, flags, and the library that follows; None where the build must stop.
CASES = [
    ("cortex-m0plus", "rp2040", [], "cortex-m0"),
    ("cortex-m3", "stm32f103c8t6", ["-mthumb"], "cortex-m3"),
    ("cortex-m4", "stm32f401ret6", ["-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"], "cortex-m4f"),
    ("cortex-m4", "nrf52840", ["-mfloat-abi=softfp"], "cortex-m3"),
    ("cortex-m7", "imxrt1062", ["-mfloat-abi=hard"], "cortex-m4f"),
    ("cortex-m33", "ra4m1", ["-mfloat-abi=hard"], "cortex-m33f"),
    # That a path has "hard" in it says nothing of the ABI.
    ("cortex-m33", "rp2350", ["-mfloat-abi=softfp", "-iprefix/hardware/"], "cortex-m0"),
    ("", "gd32vf103", ["-march=rv32imac"], "rv32imac"),
    ("riscv32", "esp32c3", ["-march=rv32imc_zicsr_zifencei"], "rv32imc"),
    ("", "esp32c6", ["-march=rv32imafc_zicsr", "-mabi=ilp32"], "rv32imac"),
    ("", "esp32p4", ["-march=rv32imafc_zicsr", "-mabi=ilp32f"], None),
    ("riscv32", "", ["-march=rv32im", "-mabi=ilp32"], None),
    ("riscv32", "", [], None),
    ("", "esp32c3", [], "rv32imc"),
    ("riscv32", "esp32h2", [], "rv32imac"),
    ("", "k210", ["-march=rv64imafdc"], None),
    ("cortex-m55", "", ["-mcpu=cortex-m55", "-mfloat-abi=hard"], "cortex-m55"),
    ("cortex-m55", "", ["-mcpu=cortex-m55+nomve", "-mfloat-abi=hard"], "cortex-m33f"),
    ("cortex-m4", "", ["-mfloat-abi=hard", "-mfloat-abi=softfp"], "cortex-m3"),
    ("", "esp32", [], None),
    ("cortex-a9", "zynq", [], None),
    ("cortex-m3", "", ["-mfloat-abi=hard"], None),
]


class Environment(dict):
    def __init__(self, cpu, mcu, flags):
        super().__init__(CCFLAGS=flags, LINKFLAGS=["-Wl,--gc-sections"])
        self.board = {"build.cpu": cpu, "build.mcu": mcu}

    def BoardConfig(self):
        return self.board

    def Append(self, LIBPATH, LIBS):
        self.path, self.libs = LIBPATH, LIBS


def linked(script, *board):
    env = Environment(*board)
    try:
        exec(script, {"Import": lambda name: None, "env": env})
    except SystemExit:
        return None
    (path,), (name,) = env.path, env.libs
    # Not all processors need have been built.
    assert os.path.dirname(path) == os.path.join(os.getcwd(), "lib"), path
    return os.path.basename(path) if name == "sbn" else name


os.chdir(sys.argv[1])
with open("link.py") as file:
    script = compile(file.read(), "link.py", "exec")
for *board, wanted in CASES:
    found = linked(script, *board)
    if found != wanted:
        sys.exit(f"link.py: {found} for {board}, not {wanted}")
print(f"link.py: the right library for {len(CASES)} boards")
