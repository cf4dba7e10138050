//! What the first process of a guest does to its kernel: mounts, modules, entropy, log messages, shutdown.
//! Not here: what runs in between.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd;
use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::reboot::{RebootMode, reboot};

/// Mounts what programs expect: /proc, /sys, /dev, and fresh directories at /tmp and /run.
pub(crate) fn mount_all() -> io::Result<()> {
    let none: Option<&str> = None;
    for (kind, at) in [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/tmp"), ("tmpfs", "/run")] {
        fs::create_dir_all(at)?;
        match mount(Some(kind), at, Some(kind), MsFlags::empty(), none) {
            // The kernel may have mounted /dev already.
            Ok(()) | Err(Errno::EBUSY) => {}
            Err(error) => return Err(io::Error::other(format!("failed to mount {kind} at {at}: {error}"))),
        }
    }
    Ok(())
}

/// Loads a module. It is not an error if it is already loaded.
pub(crate) fn load_module(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    // SAFETY: finit_module(2) reads the descriptor, which lives, and a string that ends with a zero byte.
    let done = unsafe { libc::syscall(libc::SYS_finit_module, file.as_raw_fd(), c"".as_ptr(), 0) };
    match Errno::result(done) {
        Ok(_) | Err(Errno::EEXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Reseeds the kernel's random numbers with `seed`: in a guest without another source of entropy they depend only on it (random(4)).
pub(crate) fn seed_random(seed: u64) -> io::Result<()> {
    /// struct rand_pool_info with 32 bytes.
    #[repr(C)]
    struct Pool {
        entropy_bits: libc::c_int,
        size: libc::c_int,
        bytes: [u8; 32],
    }
    /// `RNDADDENTROPY` and `RNDRESEEDCRNG` (include/uapi/linux/random.h).
    const ADD: libc::c_ulong = 0x4008_5203;
    const RESEED: libc::c_ulong = 0x5207;
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let pool = Pool { entropy_bits: 256, size: 32, bytes };
    let random = OpenOptions::new().write(true).open("/dev/urandom")?;
    // SAFETY: the request takes a struct rand_pool_info, which lives until the call returns.
    Errno::result(unsafe { libc::ioctl(random.as_raw_fd(), ADD, &raw const pool) })?;
    // SAFETY: the request takes no argument.
    Errno::result(unsafe { libc::ioctl(random.as_raw_fd(), RESEED) })?;
    Ok(())
}

/// Lets receive buffers grow as with 1 GiB of memory, whatever the size of this program. A kernel sets their maximum by the memory that is
/// free at boot (`tcp_init()` in net/ipv4/tcp.c), and a guest's first file system, which holds this program, reduces that.
pub(crate) fn size_receive_buffers() -> io::Result<()> {
    const SETTING: &str = "/proc/sys/net/ipv4/tcp_rmem";
    /// The most before Linux 6.16, whatever the memory.
    const OLD: u64 = 6 << 20;
    const MOST: u64 = 15 << 19;
    let sizes = fs::read_to_string(SETTING)?;
    let sizes: Vec<u64> = sizes.split_whitespace().filter_map(|size| size.parse().ok()).collect();
    match sizes[..] {
        [least, first, most] if most > OLD => fs::write(SETTING, format!("{least} {first} {MOST}")),
        _ => Ok(()),
    }
}

/// The address that [`come_by`] passes.
pub(crate) const STOP: u64 = 0x7_0000_0000;

/// Executes code at an address that is the same in each guest, so that a watcher outside can stop it there.
pub(crate) fn come_by() -> io::Result<()> {
    #[cfg(target_arch = "x86_64")]
    {
        let at = NonZeroUsize::new(STOP as usize).expect("it is not 0");
        let page = NonZeroUsize::new(4096).expect("it is not 0");
        let (any, own) = (ProtFlags::all(), MapFlags::MAP_PRIVATE | MapFlags::MAP_FIXED_NOREPLACE);
        // SAFETY: nothing else is mapped there, or it fails; what is written is a function that returns at once, and is a whole one when called.
        unsafe {
            let code = mmap_anonymous(Some(at), page, any, own)?;
            code.cast::<[u8; 2]>().write([0x90, 0xc3]);
            let pass: extern "C" fn() = std::mem::transmute(code.as_ptr());
            pass();
        }
    }
    Ok(())
}

/// Writes a line to the kernel's log, as a warning: consoles show it.
pub(crate) fn log(line: &str) -> io::Result<()> {
    OpenOptions::new().write(true).open("/dev/kmsg")?.write_all(format!("<4>{line}\n").as_bytes())
}

/// Mounts the directory of the host that User-Mode Linux was started with (Documentation/filesystems/hostfs in its `hostfs=`).
pub(crate) fn mount_outside(at: &str) -> io::Result<()> {
    mount(Some("outside"), at, Some("hostfs"), MsFlags::empty(), None::<&str>)
        .map_err(|error| io::Error::other(format!("failed to mount hostfs at {at}: {error}")))
}

/// Ends the guest at once by a reboot, which its emulator turns into an exit.
pub(crate) fn restart() -> ! {
    let never = reboot(RebootMode::RB_AUTOBOOT);
    unreachable!("the kernel refused to end: {never:?}")
}

/// Ends the guest at once.
pub(crate) fn power_off() -> ! {
    let never = reboot(RebootMode::RB_POWER_OFF);
    unreachable!("the kernel refused to end: {never:?}")
}
