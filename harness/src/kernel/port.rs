//! The ports through which an emulated x86 machine talks to the outside: a byte written to the debug port is a byte in a file there (QEMU's
//! `isa-debugcon`), and QEMU's firmware configuration has files from there (its docs/specs/fw_cfg).
//! Not here: the contents of messages.

use std::fs::File;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt;
use std::ptr::NonNull;

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous};

/// The port, as QEMU's documentation and Bochs have it.
pub(crate) const DEBUG_PORT: u16 = 0xe9;

/// The port that selects which item of the firmware configuration is read from the port after it, a byte at a time.
const SELECTOR: u16 = 0x510;
const DATA: u16 = 0x511;
/// The port for the physical address of a [`Request`], big-endian, the high half first: it is served at once.
const REQUEST: u16 = 0x514;
/// How many ports that are.
const CONFIGURATION: u16 = 12;
/// The item that lists the files.
const DIRECTORY: u16 = 0x19;

/// A request to the firmware configuration (QEMU's `FWCfgDmaAccess`), big-endian.
#[repr(C)]
struct Request {
    /// What to do, and in the high half which item to do it with.
    control: u32,
    length: u32,
    /// Where to write to, a physical address.
    address: u64,
}

const REFUSED: u32 = 1;
const READ: u32 = 2;

/// A page of this process whose physical address is known: a request, and room for what is read.
#[derive(Debug)]
struct Window {
    page: NonNull<Request>,
    physical: u64,
}

/// The ports, open for this thread.
#[derive(Debug)]
pub(crate) struct Port(Option<Window>);

impl Port {
    /// Gets access to the ports from the kernel (ioperm(2)); the process must be privileged.
    pub(crate) fn open() -> io::Result<Self> {
        for (first, number) in [(DEBUG_PORT, 1), (SELECTOR, CONFIGURATION)] {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: ioperm(2) takes no pointers.
            Errno::result(unsafe { libc::ioperm(first.into(), number.into(), 1) })?;
            #[cfg(not(target_arch = "x86_64"))]
            return Err(Errno::ENOSYS.into());
        }
        // Without it everything is read a byte at a time: megabytes take seconds.
        Ok(Self(Window::open().ok()))
    }

    /// The content of a file of the firmware configuration.
    pub(crate) fn configured(&mut self, name: &str) -> io::Result<Vec<u8>> {
        select(DIRECTORY);
        let mut number = [0; 4];
        self.fill(&mut number)?;
        for _ in 0..u32::from_be_bytes(number) {
            // struct FWCfgFile: the size, the item, two bytes unused, and the name, which ends with a zero byte if it is shorter.
            let mut file = [0; 64];
            self.fill(&mut file)?;
            let (size, rest) = file.split_first_chunk().expect("64 are more than 4");
            let (item, rest) = rest.split_first_chunk().expect("60 are more than 2");
            if rest[2..].split(|byte| *byte == 0).next() == Some(name.as_bytes()) {
                let mut content = vec![0; u32::from_be_bytes(*size) as usize];
                select(u16::from_be_bytes(*item));
                self.fill(&mut content)?;
                return Ok(content);
            }
        }
        Err(io::Error::other(format!("the machine has no `{name}`")))
    }

    /// Fills a buffer with what comes next of the item.
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        let Some(window) = &mut self.0 else {
            fill_slowly(bytes);
            return Ok(());
        };
        bytes.chunks_mut(Window::ROOM).try_for_each(|part| window.fill(part))
    }
}

impl Window {
    const PAGE: usize = 4096;
    const ROOM: usize = Self::PAGE - size_of::<Request>();

    /// A page that stays at its physical address. The process must be privileged to learn it (Documentation/admin-guide/mm/pagemap.rst).
    fn open() -> io::Result<Self> {
        let size = NonZeroUsize::new(Self::PAGE).expect("it is not 0");
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_LOCKED | MapFlags::MAP_POPULATE;
        // SAFETY: a mapping of its own at any address.
        let page = unsafe { mmap_anonymous(None, size, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, flags) }?;
        // A child process would have the page, too, and who writes to it then gets another.
        // SAFETY: nothing reads it in a child process.
        unsafe { madvise(page, Self::PAGE, MmapAdvise::MADV_DONTFORK) }?;
        let mut entry = [0; 8];
        File::open("/proc/self/pagemap")?.read_exact_at(&mut entry, page.addr().get() as u64 / Self::PAGE as u64 * 8)?;
        // Bits 0 to 54 are the number of the page, or 0 for who may not see it; bit 63 says that there is one.
        let entry = u64::from_le_bytes(entry);
        let number = entry & ((1 << 55) - 1);
        if entry >> 63 == 0 || number == 0 {
            return Err(Errno::EPERM.into());
        }
        Ok(Self { page: page.cast(), physical: number * Self::PAGE as u64 })
    }

    /// Fills a buffer that has room here with what comes next of the item.
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        let behind = self.physical + size_of::<Request>() as u64;
        let request = Request { control: READ.to_be(), length: (bytes.len() as u32).to_be(), address: behind.to_be() };
        // SAFETY: the page is this one's, is mapped as long as the process lives, and has room behind the request.
        let control = unsafe {
            self.page.write_volatile(request);
            ask(self.physical);
            self.page.add(1).cast::<u8>().copy_to_nonoverlapping(NonNull::from(&mut *bytes).cast(), bytes.len());
            u32::from_be(self.page.read_volatile().control)
        };
        if control & REFUSED == 0 { Ok(()) } else { Err(io::Error::other("the firmware configuration refused to be read")) }
    }
}

/// Makes the firmware configuration carry out the request at a physical address.
fn ask(physical: u64) {
    #[cfg(target_arch = "x86_64")]
    for (port, half) in [(REQUEST, (physical >> 32) as u32), (REQUEST + 4, physical as u32)] {
        // SAFETY: the instruction has the emulator read and write the page of a `Window`, whose address this is; `open` has the permission.
        unsafe {
            std::arch::asm!("out dx, eax", in("dx") port, in("eax") half.to_be(), options(nostack, preserves_flags));
        }
    }
}

/// Chooses what is read next.
fn select(item: u16) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction writes to a port that nothing but the emulator listens at; `open` has the permission.
    unsafe {
        std::arch::asm!("out dx, ax", in("dx") SELECTOR, in("ax") item, options(nomem, nostack, preserves_flags));
    }
}

fn fill_slowly(bytes: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction fills `bytes` from a port that nothing but the emulator answers at; `open` has the permission.
    unsafe {
        std::arch::asm!(
            "rep insb",
            inout("rcx") bytes.len() => _,
            inout("rdi") bytes.as_mut_ptr() => _,
            in("dx") DATA,
            options(nostack, preserves_flags)
        );
    }
}

impl Write for Port {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instruction reads `bytes` and writes to a port that nothing but the emulator listens at; `open` has the permission.
        unsafe {
            std::arch::asm!(
                "rep outsb",
                inout("rcx") bytes.len() => _,
                inout("rsi") bytes.as_ptr() => _,
                in("dx") DEBUG_PORT,
                options(readonly, nostack, preserves_flags)
            );
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
