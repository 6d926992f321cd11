"""Links the library for the board's processor."""
import os

Import("env")

flags = [str(flag) for flag in env.get("CCFLAGS", []) + env.get("LINKFLAGS", [])]
board = env.BoardConfig()
cpu = board.get("build.cpu", "")
hard = "-mfloat-abi=hard" in flags
arch = [flag for flag in flags if flag.startswith("-march=rv32")]
if arch or "riscv" in board.get("build.mcu", "") or cpu.startswith("riscv"):
    name = "rv32imac" if any(flag.startswith("-march=rv32ima") for flag in arch) else "rv32imc"
elif hard and cpu in ("cortex-m4", "cortex-m7"):
    name = "cortex-m4f"
elif hard and cpu in ("cortex-m33", "cortex-m55"):
    name = {"cortex-m33": "cortex-m33f", "cortex-m55": "cortex-m55"}[cpu]
elif not hard and cpu in ("cortex-m3", "cortex-m4", "cortex-m7"):
    name = "cortex-m3"
elif not hard and cpu in ("cortex-m0", "cortex-m0plus", "cortex-m23", "cortex-m33", "cortex-m55"):
    name = "cortex-m0"
else:
    raise SystemExit("sbn: no library for the processor %r" % cpu)
env.Append(LIBPATH=[os.path.join(os.path.dirname(os.path.realpath("library.json")), "lib", name)], LIBS=["sbn"])
