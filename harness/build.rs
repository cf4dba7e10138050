//! Compiles the library that programs under mplab's own mptcpize load before theirs; it is part of the binary.

use std::env;
use std::path::Path;
use std::process::Command;

const SOURCE: &str = "src/kernel/preload/mptcpize.rs";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    // Programs of cases run on Linux alone.
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    let variable = |name| env::var_os(name).unwrap_or_else(|| panic!("cargo sets {name}"));
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.args(["--edition=2024", "--crate-type=cdylib", "-Copt-level=s", "-Cpanic=abort", "-Cstrip=symbols"]);
    // A target whose programs are linked statically makes libraries only so.
    rustc.args(["-Ctarget-feature=-crt-static", SOURCE]);
    rustc.arg("--target").arg(variable("TARGET"));
    rustc.arg("-o").arg(Path::new(&variable("OUT_DIR")).join("mptcpize.so"));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        rustc.arg("-C").arg(["linker=".into(), linker].into_iter().collect::<std::ffi::OsString>());
    }
    let status = rustc.status().expect("cargo has just used this compiler");
    assert!(status.success(), "failed to compile {SOURCE}: {status}");
}
