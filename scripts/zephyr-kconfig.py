#!/usr/bin/env python3
"""Which library the Zephyr module's Kconfig takes for a processor and a float ABI. Usage: zephyr-kconfig.py KCONFIG

Zephyr's own symbols that it depends on are stood in for, with the dependencies they have there. Needs kconfiglib.
"""
import os
import sys
import tempfile

import kconfiglib

CORES = ["M0", "M0PLUS", "M23", "M3", "M4", "M7", "M33", "M55"]
ZEPHYR = (
    "config CPU_CORTEX_M\n bool\nconfig ARMV8_1_M_MVEF\n bool \"MVE\"\n depends on CPU_CORTEX_M55\n"
    + "".join(f"config CPU_CORTEX_{core}\n bool \"{core}\"\n select CPU_CORTEX_M\n" for core in CORES)
    + """
config RISCV
	bool "RISC-V"
config 64BIT
	bool "64 bits"
config RISCV_ISA_EXT_M
	bool "M"
config RISCV_ISA_EXT_A
	bool "A"
config RISCV_ISA_EXT_C
	bool "C"
config CPU_HAS_FPU
	bool "a floating-point unit"
config FPU
	bool "use it"
	depends on CPU_HAS_FPU
config FLOAT_HARD
	bool "hard-float calls on RISC-V"
	default y
	depends on FPU && RISCV
choice
	prompt "Floating point ABI"
	default FP_HARDABI
	depends on FPU && CPU_CORTEX_M
config FP_HARDABI
	bool "hard"
config FP_SOFTABI
	bool "soft"
endchoice
source "$(SBN)"
"""
)

IMC = ["RISCV", "RISCV_ISA_EXT_M", "RISCV_ISA_EXT_C"]
HARD = ["CPU_HAS_FPU", "FPU", "FP_HARDABI"]
SOFT = ["CPU_HAS_FPU", "FPU", "FP_SOFTABI"]
UNUSED = ["CPU_HAS_FPU"]


def core(name, *others):
    return [f"CPU_CORTEX_{name}", *others]


# What is set, and the library that follows; None where SBN cannot be had.
CASES = [
    (core("M0"), "cortex-m0"),
    (core("M0PLUS"), "cortex-m0"),
    (core("M23"), "cortex-m0"),
    (core("M3"), "cortex-m3"),
    (core("M4"), "cortex-m3"),
    (core("M4", *UNUSED), "cortex-m3"),
    (core("M4", *SOFT), "cortex-m3"),
    (core("M4", *HARD), "cortex-m4f"),
    (core("M7", *SOFT), "cortex-m3"),
    (core("M7", *HARD), "cortex-m4f"),
    (core("M33"), "cortex-m0"),
    (core("M33", *SOFT), "cortex-m0"),
    (core("M33", *HARD), "cortex-m33f"),
    (core("M55", "ARMV8_1_M_MVEF"), "cortex-m0"),
    (core("M55", "ARMV8_1_M_MVEF", *SOFT), "cortex-m0"),
    (core("M55", "ARMV8_1_M_MVEF", *HARD), "cortex-m55"),
    (core("M55", *HARD), "cortex-m33f"),
    (IMC, "rv32imc"),
    ([*IMC, "RISCV_ISA_EXT_A"], "rv32imac"),
    ([*IMC, "RISCV_ISA_EXT_A", *UNUSED, "FPU"], None),
    ([*IMC, "64BIT"], None),
    (["RISCV", "RISCV_ISA_EXT_M"], None),
    (["RISCV", "RISCV_ISA_EXT_C"], None),
    ([], None),
    # What does not fit is not taken, though somebody asks for it.
    (core("M4", *SOFT, "SBN_CORTEX_M4F"), "cortex-m3"),
    (core("M4", *HARD, "SBN_CORTEX_M3"), "cortex-m4f"),
    (core("M33", *HARD, "SBN_CORTEX_M55"), "cortex-m33f"),
    ([*IMC, "SBN_RV32IMAC"], "rv32imc"),
    # What fits is.
    (core("M4", *SOFT, "SBN_CORTEX_M0"), "cortex-m0"),
    ([*IMC, "RISCV_ISA_EXT_A", "SBN_RV32IMC"], "rv32imc"),
]


def library(kconfig, symbols):
    for name in symbols:
        kconfig.syms[name].set_value("y")
    kconfig.syms["SBN"].set_value("y")
    return kconfig.syms["SBN_LIBRARY"].str_value if kconfig.syms["SBN"].str_value == "y" else None


def main():
    os.environ["SBN"] = os.path.abspath(sys.argv[1])
    with tempfile.NamedTemporaryFile("w", suffix="Kconfig") as file:
        file.write(ZEPHYR)
        file.flush()
        for symbols, cpu in CASES:
            kconfig = kconfiglib.Kconfig(file.name, warn_to_stderr=False)
            wanted = cpu and f"lib/{cpu}/libsbn.a"
            found = library(kconfig, symbols)
            if found != wanted or kconfig.warnings:
                sys.exit(f"Kconfig: {found} for {' '.join(symbols)}, not {wanted}; {kconfig.warnings}")
    print(f"Kconfig: the right library for {len(CASES)} processors, float ABIs and wishes")


main()
