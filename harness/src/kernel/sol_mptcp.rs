//! What an MPTCP socket tells of its connection on request: `getsockopt` with `MPTCP_INFO`, `MPTCP_TCPINFO`, `MPTCP_SUBFLOW_ADDRS` and
//! `MPTCP_FULL_INFO`, and where these answers contradict each other.
//! Not here: whether they agree with what was sent.
#![expect(unsafe_code, reason = "neither std nor nix has these options")]

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;

use netlink_bindings::inet_diag::TcpInfo;
use nix::errno::Errno;

use super::socket::{MPTCP_INFO, SOL_MPTCP};
use crate::record::{AnswersRecord, SubflowAnswer};

// include/uapi/linux/mptcp.h.
const MPTCP_TCPINFO: libc::c_int = 2;
const MPTCP_SUBFLOW_ADDRS: libc::c_int = 3;
const MPTCP_FULL_INFO: libc::c_int = 4;

/// The size of `struct mptcp_subflow_data`: four numbers of 32 bits, which precede what there is of each subflow.
const HEAD: usize = 16;
/// The size of what precedes `struct mptcp_info` in `struct mptcp_full_info`.
const FULL_HEAD: usize = 40;
/// The size of `struct mptcp_subflow_addrs`: two of `struct sockaddr_storage`.
const ADDRS: usize = 2 * size_of::<libc::sockaddr_storage>();
/// The size of `struct mptcp_subflow_info`: a number, and the addresses where they are aligned.
const SUBFLOW: usize = SUBFLOW_ADDRS + ADDRS;
const SUBFLOW_ADDRS: usize = align_of::<libc::sockaddr_storage>();
/// The size of `struct tcp_info` that is asked for.
const TCP: usize = TcpInfo::len();
/// Room for more subflows than a connection can have.
const MOST: usize = 72;
/// How often a socket is asked anew while its connection changes.
const TRIES: usize = 10;

/// Asks a socket. Its answers are compared only if they stay the same; of those of a connection that goes on, the last ones are returned.
pub(crate) fn ask(stream: &TcpStream) -> io::Result<AnswersRecord> {
    let mut answers = once(stream)?;
    for _ in 0..TRIES {
        let again = once(stream)?;
        if again == answers {
            break;
        }
        answers = again;
    }
    Ok(answers)
}

fn once(stream: &TcpStream) -> io::Result<AnswersRecord> {
    let info = Answer::of(stream, MPTCP_INFO, vec![0; 1024])?;
    let tcp = of_subflows(stream, MPTCP_TCPINFO, TCP, MOST)?;
    let addrs = of_subflows(stream, MPTCP_SUBFLOW_ADDRS, ADDRS, MOST)?;
    let full = Full::ask(stream)?;
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what: &dyn Fn() -> String| {
        if !holds {
            wrong.push(what());
        }
    };
    let count = addrs.count();
    for (name, answer, size) in [("MPTCP_TCPINFO", &tcp, TCP), ("MPTCP_SUBFLOW_ADDRS", &addrs, ADDRS)] {
        let [head, number, kernel, user] = answer.head();
        must(number == count, &|| format!("{name} has {number} subflows, and MPTCP_SUBFLOW_ADDRS {count}"));
        must(head as usize == HEAD && kernel > 0 && user as usize == size.min(kernel as usize), &|| {
            format!("{name} has sizes of {head}, {kernel} and {user} for {HEAD} and {size}")
        });
        let length = HEAD + number as usize * user as usize;
        must(answer.length == length, &|| format!("{name} has {} bytes instead of {length}", answer.length));
    }
    let [tcp_kernel, tcp_user, kernel, user, number_of] = full.head;
    must(number_of == count, &|| format!("MPTCP_FULL_INFO has {number_of} subflows, and MPTCP_SUBFLOW_ADDRS {count}"));
    let fits = |kernel: u32, user: u32, size: usize| kernel > 0 && user as usize == size.min(kernel as usize);
    must(fits(tcp_kernel, tcp_user, TCP) && fits(kernel, user, SUBFLOW), &|| {
        format!("MPTCP_FULL_INFO has sizes of {tcp_kernel} and {tcp_user}, {kernel} and {user} for {TCP} and {SUBFLOW}")
    });
    // The token, and how many bytes were sent and received.
    for (at, length) in [(0, 1), (12, 4), (56, 8), (64, 8)] {
        let [one, other] = [&info.bytes, &full.info].map(|bytes| bytes[at..at + length].to_vec());
        must(one == other, &|| format!("MPTCP_INFO has {one:?} at {at}, and MPTCP_FULL_INFO {other:?}"));
    }
    // mptcpi_subflows_total. Of a connection that both ends have closed it leaves out the first subflow, and its socket has no peer.
    let peer = stream.peer_addr().map(canonical).ok();
    if info.length > 80 && peer.is_some() {
        let total = u32::from(info.bytes[80]);
        must(total == count, &|| format!("MPTCP_INFO has {total} subflows, and MPTCP_SUBFLOW_ADDRS {count}"));
    }
    let mut subflows = Vec::new();
    for index in 0..MOST.min(count as usize) {
        let (tcp, addrs) = (tcp.part(index), addrs.part(index));
        let (subflow, full_tcp) = (part(&full.subflows, index, user), part(&full.tcp, index, tcp_user));
        let sent = |info: &[u8]| {
            let info = TcpInfo::new_from_zeroed(info);
            (info.bytes_sent, info.bytes_received)
        };
        let (bytes_sent, bytes_received) = sent(tcp);
        must(subflow.get(SUBFLOW_ADDRS..) == Some(addrs), &|| {
            format!("the addresses of subflow {index} differ between MPTCP_FULL_INFO and MPTCP_SUBFLOW_ADDRS")
        });
        let same = sent(full_tcp) == (bytes_sent, bytes_received);
        must(same, &|| format!("the bytes of subflow {index} differ between MPTCP_FULL_INFO and MPTCP_TCPINFO"));
        let (local, remote) = addrs.split_at(addrs.len() / 2);
        let id = subflow.first_chunk().map_or(0, |id| u32::from_ne_bytes(*id));
        let (local, remote) = (address(local), address(remote));
        if id == 1 && peer.is_some() {
            let own = (stream.local_addr().map(canonical).ok(), peer);
            must(own == (local, remote), &|| format!("its first subflow has {local:?} and {remote:?}, and the socket {own:?}"));
        }
        let shown = |address: Option<SocketAddr>| address.map_or_else(String::new, |address| address.to_string());
        subflows.push(SubflowAnswer { id, local: shown(local), remote: shown(remote), bytes_sent, bytes_received });
    }
    wrong.extend(accepted(stream, count)?);
    let u64_at = |at: usize| u64::from_ne_bytes(*info.bytes[at..].first_chunk().expect("it is long enough"));
    Ok(AnswersRecord { token: number(&info.bytes, 12), bytes_sent: u64_at(56), bytes_received: u64_at(64), subflows, wrong })
}

/// Which wrong requests the kernel does not refuse, and what it does not do as it must if there is little room.
fn accepted(stream: &TcpStream, count: u32) -> io::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (name, option, size) in [("MPTCP_TCPINFO", MPTCP_TCPINFO, TCP), ("MPTCP_SUBFLOW_ADDRS", MPTCP_SUBFLOW_ADDRS, ADDRS)] {
        let bad = [
            ("without the size of its head", vec_of([0, 0, 0, size as u32], HEAD)),
            ("with a number of subflows", vec_of([HEAD as u32, 1, 0, size as u32], HEAD)),
            ("with the kernel's size", vec_of([HEAD as u32, 0, 1, size as u32], HEAD)),
            ("with too little room for its head", vec_of([HEAD as u32, 0, 0, size as u32], HEAD - 1)),
        ];
        for (what, request) in bad {
            if Answer::of(stream, option, request).err().and_then(|error| error.raw_os_error()) != Some(libc::EINVAL) {
                wrong.push(format!("{name} {what} is not refused"));
            }
        }
        for (room, what) in [(0, "none"), (1, "one")] {
            let answer = of_subflows(stream, option, size, room)?;
            let length = HEAD + room * answer.head()[3] as usize;
            if (answer.count(), answer.length) != (count, length) {
                let (number, got) = (answer.count(), answer.length);
                wrong.push(format!("{name} with room for {what} has {number} subflows in {got} bytes instead of {count} in {length}"));
            }
        }
    }
    Ok(wrong)
}

/// What the kernel answered.
struct Answer {
    bytes: Vec<u8>,
    /// How many of them it wrote.
    length: usize,
}

impl Answer {
    /// Asks with a request that has the room of the answer.
    fn of(stream: &TcpStream, option: libc::c_int, mut bytes: Vec<u8>) -> io::Result<Self> {
        let mut length = bytes.len() as libc::socklen_t;
        let fd = stream.as_raw_fd();
        // SAFETY: the kernel reads and writes no more than `length` bytes, which are there; with MPTCP_FULL_INFO what its caller vouches for, too.
        let result = unsafe { libc::getsockopt(fd, SOL_MPTCP, option, bytes.as_mut_ptr().cast(), &raw mut length) };
        Errno::result(result)?;
        Ok(Self { bytes, length: length as usize })
    }

    /// The numbers of `struct mptcp_subflow_data`: its size, the number of subflows, the kernel's size of what there is of each, and the one here.
    fn head(&self) -> [u32; 4] {
        [0, 4, 8, 12].map(|at| number(&self.bytes, at))
    }

    fn count(&self) -> u32 {
        self.head()[1]
    }

    /// What there is of a subflow, in the size that was asked for: what the kernel has not written is 0.
    fn part(&self, index: usize) -> &[u8] {
        part(&self.bytes[HEAD..], index, self.head()[3])
    }
}

/// A part of parts of this size.
fn part(bytes: &[u8], index: usize, size: u32) -> &[u8] {
    let size = size as usize;
    bytes.get(index * size..(index + 1) * size).unwrap_or_default()
}

/// Asks for what there is of each subflow, in this size and with room for so many.
fn of_subflows(stream: &TcpStream, option: libc::c_int, size: usize, room: usize) -> io::Result<Answer> {
    Answer::of(stream, option, vec_of([HEAD as u32, 0, 0, size as u32], HEAD + room * size))
}

/// Numbers and then zeros, in so many bytes.
fn vec_of(numbers: [u32; 4], length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_ne_bytes()).collect();
    bytes.resize(length, 0);
    bytes
}

/// The answer to `MPTCP_FULL_INFO`.
struct Full {
    /// The sizes of the kernel's `struct tcp_info` and of those here, those of `struct mptcp_subflow_info`, and the number of subflows.
    head: [u32; 5],
    /// `struct mptcp_info`.
    info: Vec<u8>,
    /// `struct mptcp_subflow_info` of each subflow.
    subflows: Vec<u8>,
    /// `struct tcp_info` of each subflow.
    tcp: Vec<u8>,
}

impl Full {
    fn ask(stream: &TcpStream) -> io::Result<Self> {
        let (mut subflows, mut tcp) = (vec![0_u8; MOST * SUBFLOW], vec![0_u8; MOST * TCP]);
        let mut request = vec_of([0, TCP as u32, 0, SUBFLOW as u32], HEAD);
        request.extend([0, MOST as u32].into_iter().flat_map(u32::to_ne_bytes));
        // The kernel writes `MOST` times the sizes to these two, which are there for the call.
        let rooms = [subflows.as_mut_ptr(), tcp.as_mut_ptr()];
        request.extend(rooms.into_iter().flat_map(|room| (room as u64).to_ne_bytes()));
        request.resize(FULL_HEAD + 1024, 0);
        let mut answer = Answer::of(stream, MPTCP_FULL_INFO, request)?;
        let head = [0, 4, 8, 12, 16].map(|at| number(&answer.bytes, at));
        Ok(Self { head, info: answer.bytes.split_off(FULL_HEAD), subflows, tcp })
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(*bytes[at..].first_chunk().expect("numbers are within what is asked for"))
}

/// The address in a `struct sockaddr_storage`; IPv4 over an IPv6 socket is IPv4.
fn address(storage: &[u8]) -> Option<SocketAddr> {
    let family = u16::from_ne_bytes(*storage.first_chunk()?);
    let port = u16::from_be_bytes(*storage.get(2..)?.first_chunk()?);
    let ip: IpAddr = match i32::from(family) {
        libc::AF_INET => (*storage.get(4..)?.first_chunk::<4>()?).into(),
        libc::AF_INET6 => (*storage.get(8..)?.first_chunk::<16>()?).into(),
        _ => return None,
    };
    Some(canonical(SocketAddr::new(ip, port)))
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
