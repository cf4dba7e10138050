//! A library to be loaded before a program's own (`LD_PRELOAD`, ld.so(8)): its TCP sockets become MPTCP sockets, as under `mptcpize run`.
//! Not here: anything else. It is compiled by build.rs, and needs of the program's libc no more than `syscall`.
#![no_std]

use core::ffi::{c_int, c_long};

const AF_INET: c_int = 2;
const AF_INET6: c_int = 10;
const SOCK_STREAM: c_int = 1;
/// What of a socket's type is not `SOCK_CLOEXEC` or `SOCK_NONBLOCK`.
const SOCK_TYPE_MASK: c_int = 0xf;
const IPPROTO_IP: c_int = 0;
const IPPROTO_TCP: c_int = 6;
const IPPROTO_MPTCP: c_int = 262;

/// The number of socket(2), in most tables that of asm-generic/unistd.h.
const SYS_SOCKET: c_long = if cfg!(target_arch = "x86_64") {
    41
} else if cfg!(target_arch = "arm") {
    281
} else if cfg!(target_arch = "x86") {
    359
} else {
    198
};

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

/// socket(2), but for the protocol of TCP sockets.
#[unsafe(no_mangle)]
pub extern "C" fn socket(family: c_int, kind: c_int, protocol: c_int) -> c_int {
    let stream = matches!(family, AF_INET | AF_INET6) && kind & SOCK_TYPE_MASK == SOCK_STREAM;
    let tcp = stream && matches!(protocol, IPPROTO_IP | IPPROTO_TCP);
    // SAFETY: socket(2) takes three numbers.
    unsafe { syscall(SYS_SOCKET, family, kind, if tcp { IPPROTO_MPTCP } else { protocol }) as c_int }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
