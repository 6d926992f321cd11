//! The `arm` command: see `arm --help`.

fn main() -> std::process::ExitCode {
    arm_std::cli::main()
}
