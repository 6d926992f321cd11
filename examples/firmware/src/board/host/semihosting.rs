//! Arm's semihosting calls (the RISC-V ones have the same numbers): a debugger or an emulator serves them.

/// Calls the host; `argument` is a value or an address, as the operation says.
fn call(operation: usize, argument: usize) -> usize {
    let result;
    // SAFETY: the host reads at most what `argument` points to, which callers keep alive; registers are declared.
    #[cfg(target_arch = "arm")]
    unsafe {
        core::arch::asm!("bkpt 0xab", inlateout("r0") operation => result, in("r1") argument, options(nostack));
    }
    // SAFETY: as above. The two shifts around `ebreak` mark it as a call; it must not be compressed.
    #[cfg(target_arch = "riscv32")]
    unsafe {
        core::arch::asm!(
            ".balign 16",
            ".option push",
            ".option norvc",
            "slli x0, x0, 0x1f",
            "ebreak",
            "srai x0, x0, 7",
            ".option pop",
            inlateout("a0") operation => result,
            in("a1") argument,
            options(nostack)
        );
    }
    result
}

pub(super) fn exit(success: bool) -> ! {
    const SYS_EXIT: usize = 0x18;
    const APPLICATION_EXIT: usize = 0x2_0026;
    const RUN_TIME_ERROR: usize = 0x2_0023;
    loop {
        call(SYS_EXIT, if success { APPLICATION_EXIT } else { RUN_TIME_ERROR });
    }
}

/// A file on the host, in the folder where the emulator or the debugger was started.
#[derive(Debug)]
pub struct File(usize);

impl File {
    /// Makes the file. `None` when the host refuses.
    pub fn create(name: &core::ffi::CStr) -> Option<File> {
        const SYS_OPEN: usize = 0x01;
        const WRITE_BINARY: usize = 5;
        let arguments = [name.as_ptr() as usize, WRITE_BINARY, name.count_bytes()];
        let handle = call(SYS_OPEN, arguments.as_ptr() as usize);
        (handle != usize::MAX).then_some(File(handle))
    }

    /// Appends bytes; whether all were written.
    pub fn write(&mut self, bytes: &[u8]) -> bool {
        const SYS_WRITE: usize = 0x05;
        let arguments = [self.0, bytes.as_ptr() as usize, bytes.len()];
        call(SYS_WRITE, arguments.as_ptr() as usize) == 0
    }
}

impl Drop for File {
    fn drop(&mut self) {
        const SYS_CLOSE: usize = 0x02;
        call(SYS_CLOSE, core::ptr::from_ref(&self.0) as usize);
    }
}

pub(super) fn write(bytes: &[u8]) {
    const SYS_WRITEC: usize = 0x03;
    for c in bytes {
        call(SYS_WRITEC, core::ptr::from_ref(c) as usize);
    }
}
