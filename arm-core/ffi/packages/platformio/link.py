"""Links the library for the board's processor."""
import os

Import("env")

flags = " ".join(str(flag) for flag in env.get("CCFLAGS", []) + env.get("LINKFLAGS", []))
cpu = env.BoardConfig().get("build.cpu", "")
hard = "hard" in flags
if "riscv" in env.BoardConfig().get("build.mcu", "") or cpu.startswith("riscv") or "-march=rv32" in flags:
    name = "rv32imac" if "rv32ima" in flags else "rv32imc"
elif cpu in ("cortex-m0", "cortex-m0plus"):
    name = "cortex-m0"
elif hard and cpu in ("cortex-m4", "cortex-m7"):
    name = "cortex-m4f"
elif hard and cpu in ("cortex-m33", "cortex-m55"):
    name = {"cortex-m33": "cortex-m33f", "cortex-m55": "cortex-m55"}[cpu]
elif cpu in ("cortex-m3", "cortex-m4", "cortex-m7"):
    name = "cortex-m3"
else:
    raise SystemExit("sbn: no library for the processor %r" % cpu)
env.Append(LIBPATH=[os.path.join(os.path.dirname(os.path.realpath("library.json")), "lib", name)], LIBS=["sbn"])
