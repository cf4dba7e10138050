//! A living lab: the namespaces of a plan, and operations applied to them.
//! Not here: which operations, traffic, or observation. A lab holds its namespaces by descriptors, and is gone when it is dropped.

mod device;
mod found;
mod host;
mod mptcp;
mod nft;
mod qdisc;
mod readback;
mod route;
mod state;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

pub use readback::Difference;

use crate::kernel::link::LinkState;
use crate::kernel::{Batch, Namespace, Netlink, NetlinkError, link};
use crate::life::clock::Clock;
use crate::life::relay::{Relay, RelayError, RelayLink};
use crate::plan::{Act, DeviceAct, HostAct, Op, RelayAct};
use crate::words::Errno;
use crate::words::names::{self, WIRES};
use device::Peer;

/// Why a lab could not be built or changed.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The kernel refused an operation over netlink.
    #[error("failed to do `{op}`")]
    Netlink {
        /// The operation.
        op: Box<Op>,
        /// The kernel's error.
        source: NetlinkError,
    },
    /// The kernel refused an operation on a file or a namespace.
    #[error("failed to do `{op}`")]
    Io {
        /// The operation.
        op: Box<Op>,
        /// The kernel's error.
        source: io::Error,
    },
    /// The kernel's state could not be read.
    #[error("failed to read back the state of {ns}")]
    Read {
        /// The namespace.
        ns: String,
        /// The kernel's error.
        source: NetlinkError,
    },
    /// The kernel accepted an operation, but its state differs.
    #[error("the kernel's state does not match what was requested: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Different(Vec<Difference>),
    /// The connection or subflow that the operation needs does not exist.
    #[error("failed to do `{0}`: {1}")]
    Absent(Box<Op>, String),
    /// A link in user space does not work.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// An interface has no carrier.
    #[error("{0} is up but still has no carrier after {1:?}")]
    NoCarrier(String, Duration),
}

impl LabError {
    /// The error with which the kernel refused, if it did.
    pub(in crate::life) fn errno(&self) -> Option<Errno> {
        match self {
            Self::Netlink { source, .. } => Some(Errno(source.errno())),
            Self::Io { source, .. } => source.raw_os_error().map(Errno),
            _ => None,
        }
    }
}

/// A namespace of the lab, with what is known about it.
struct Room {
    ns: Arc<Namespace>,
    netlink: Netlink,
    /// The interfaces' indexes by name, `lo` included.
    devices: BTreeMap<String, i32>,
    next_index: i32,
}

impl Room {
    /// A new namespace. Kernels with tunnels put devices of their own into each (`sit0`, `tunl0`; net.core.fb_tunnels_only_for_init_net), which
    /// cannot be removed. They are renamed, so that a topology may use any name, and the indexes begin after theirs.
    fn new(first_index: i32) -> Result<Self, NetlinkError> {
        let ns = Arc::new(Namespace::new()?);
        let mut netlink = Netlink::new(Arc::clone(&ns));
        let mut renamed = Batch::default();
        let mut next_index = first_index;
        for device in link::list(&mut netlink)?.into_iter().filter(|device| device.index != LO) {
            link::rename(&mut renamed, device.index, &names::of_kernel(&device.name));
            next_index = next_index.max(device.index + 1);
        }
        netlink.send(&renamed)?;
        Ok(Self { ns, netlink, devices: BTreeMap::from([("lo".to_owned(), LO)]), next_index })
    }

    fn new_device(&mut self, name: &str) -> i32 {
        let index = self.next_index;
        self.next_index += 1;
        self.devices.insert(name.to_owned(), index);
        index
    }

    fn index(&self, name: &str) -> i32 {
        self.devices.get(name).copied().unwrap_or(0)
    }

    /// Waits until every interface really sends: the kernel handles a new carrier a little later. Returns the interfaces.
    fn await_carriers(&mut self, ns: &str) -> Result<BTreeMap<i32, LinkState>, LabError> {
        let deadline = Instant::now() + CARRIER;
        let read = |source| LabError::Read { ns: ns.to_owned(), source };
        let mut links = found::links(&mut self.netlink).map_err(read)?;
        let mut patience = LOOK_AGAIN.0;
        for waiting in links.values_mut().filter(|link| link.up && !link.running && link.name != "lo") {
            while !waiting.running {
                if Instant::now() > deadline {
                    return Err(LabError::NoCarrier(format!("{ns}:{}", waiting.name), CARRIER));
                }
                match link::state(&mut self.netlink, waiting.index).map_err(read)? {
                    Some(now) if now.running => *waiting = now,
                    _ => {
                        std::thread::sleep(patience);
                        patience = LOOK_AGAIN.1.min(patience * 2);
                    }
                }
            }
        }
        Ok(links)
    }
}

/// The index of `lo` in every namespace.
const LO: i32 = 1;
/// The index of a host's first interface, if the kernel puts no devices of its own there.
const HOST_INDEX: i32 = LO + 1;
/// The index of the first interface on the wires. A veth whose index equals its peer's looks to the kernel like a device that is neither a
/// tunnel nor a peer of another, and its carrier is noticed up to a second late (net/core/link_watch.c, linkwatch_urgent_event).
const WIRES_INDEX: i32 = 1 << 20;
/// The first and the longest interval between looks for a missing carrier, which doubles each time: a cable has it at once, but a bond that must
/// agree with its peer (LACP) takes seconds.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(5));
/// How long a carrier may take.
const CARRIER: Duration = Duration::from_secs(10);

/// Namespaces, and what is in them.
#[derive(Default)]
pub struct Lab {
    /// Dropped before the namespaces: it has sockets in one of them.
    relay: Option<Relay>,
    /// The links that it carries or will carry.
    relayed: Vec<RelayLink>,
    rooms: BTreeMap<String, Room>,
}

impl Lab {
    /// Builds a lab, reads its state back, and waits until every interface has its carrier.
    pub fn build(setup: &[Op]) -> Result<Self, LabError> {
        let mut lab = Self::default();
        lab.apply(setup)?;
        lab.start_relay()?;
        lab.read_back(setup, true)?;
        Ok(lab)
    }

    /// The namespace of a host.
    pub fn namespace(&self, host: &str) -> Option<&Arc<Namespace>> {
        self.rooms.get(host).map(|room| &room.ns)
    }

    /// The namespaces of the hosts by name.
    pub fn hosts(&self) -> BTreeMap<String, Arc<Namespace>> {
        self.rooms.iter().filter(|(name, _)| *name != WIRES).map(|(name, room)| (name.clone(), Arc::clone(&room.ns))).collect()
    }

    /// The namespace of the wires, if the lab has links, and the index of each interface in it by its name.
    pub(in crate::life) fn wires(&self) -> Option<(&Arc<Namespace>, impl Fn(&str) -> i32)> {
        self.rooms.get(WIRES).map(|room| (&room.ns, |name: &str| room.index(name)))
    }

    /// Lets links in user space carry packets from now on.
    fn start_relay(&mut self) -> Result<(), LabError> {
        if let Some(wires) = self.rooms.get(WIRES).filter(|_| !self.relayed.is_empty()) {
            self.relay = Some(Relay::start(&wires.ns, self.relayed.clone(), Clock::start())?);
        }
        Ok(())
    }

    /// The relay, if a link needs one.
    pub fn relay(&self) -> Option<&Relay> {
        self.relay.as_ref()
    }

    /// Does operations in their order. Successive rtnetlink operations in one namespace share a system call.
    pub fn apply(&mut self, ops: &[Op]) -> Result<(), LabError> {
        let mut pending = Pending::default();
        for op in ops {
            if pending.ops.first().is_some_and(|first: &&Op| first.ns != op.ns) || pending.batch.len() >= Batch::MOST {
                self.flush(&mut pending)?;
            }
            let before = pending.batch.len();
            self.add(op, &mut pending.batch);
            if pending.batch.len() > before {
                pending.ops.push(op);
            } else {
                self.flush(&mut pending)?;
                self.act(op)?;
            }
        }
        self.flush(&mut pending)
    }

    /// Compares the kernel's state with what the operations requested.
    pub fn verify(&mut self, ops: &[Op]) -> Result<(), LabError> {
        self.read_back(ops, false)
    }

    /// Compares; in a new lab, once each interface has its carrier. The namespaces are read in parallel.
    fn read_back(&mut self, ops: &[Op], new: bool) -> Result<(), LabError> {
        let mut told = readback::by_namespace(ops);
        let mut rooms: Vec<_> = self.rooms.iter_mut().filter_map(|(ns, room)| Some((ns, room, told.remove(ns.as_str())?))).collect();
        // The longest first: half of everything is on the wires.
        rooms.sort_by_key(|(.., told)| Reverse(told.len()));
        let read = side_by_side(rooms, |(ns, room, told)| {
            let links = if new { Some(room.await_carriers(ns)?) } else { None };
            readback::compare(ns, room, &told, links).map_err(|source| LabError::Read { ns: ns.clone(), source })
        });
        let mut differences: Vec<_> = read.into_iter().collect::<Result<Vec<_>, LabError>>()?.concat();
        differences.sort_by_key(|(place, _)| *place);
        let differences: Vec<_> = differences.into_iter().map(|(_, difference)| difference).collect();
        if differences.is_empty() { Ok(()) } else { Err(LabError::Different(differences)) }
    }

    fn room(&mut self, ns: &str) -> &mut Room {
        self.rooms.get_mut(ns).expect("a plan makes a namespace before it uses it")
    }

    fn flush(&mut self, pending: &mut Pending) -> Result<(), LabError> {
        let Pending { batch, ops } = std::mem::take(pending);
        let Some(first) = ops.first() else { return Ok(()) };
        for op in &ops {
            tracing::debug!("{op}");
        }
        self.room(&first.ns)
            .netlink
            .send(&batch)
            .map_err(|source| LabError::Netlink { op: Box::new((*ops.get(source.position).unwrap_or(first)).clone()), source })
    }

    /// Adds an operation to the batch, if it goes over rtnetlink.
    fn add(&mut self, op: &Op, batch: &mut Batch) {
        let peer = match &op.act {
            Act::Device(DeviceAct::Veth { peer_ns, peer, .. }) => {
                let there = self.room(peer_ns);
                Some(Peer { index: there.new_device(peer), ns: Arc::clone(&there.ns) })
            }
            _ => None,
        };
        match &op.act {
            Act::Device(act) => device::add(self.room(&op.ns), batch, act, peer.as_ref()),
            Act::Route(act) => route::add(self.room(&op.ns), batch, act),
            Act::Qdisc(act) => qdisc::add(self.room(&op.ns), batch, act),
            Act::Host(_) | Act::Relay(_) | Act::Nft(_) | Act::Mptcp(_) => {}
        }
    }

    /// Does an operation that does not go over rtnetlink.
    fn act(&mut self, op: &Op) -> Result<(), LabError> {
        let netlink = |source| LabError::Netlink { op: Box::new(op.clone()), source };
        let io = |source| LabError::Io { op: Box::new(op.clone()), source };
        tracing::debug!("{op}");
        match &op.act {
            Act::Host(HostAct::Namespace) => {
                let room = Room::new(if op.ns == WIRES { WIRES_INDEX } else { HOST_INDEX }).map_err(netlink)?;
                self.rooms.insert(op.ns.clone(), room);
                Ok(())
            }
            Act::Host(HostAct::Sysctl { key, value }) => host::set(self.room(&op.ns), key, value).map_err(io),
            Act::Relay(act) => self.act_on_relay(&op.ns, act),
            Act::Nft(act) => nft::apply(self.room(&op.ns), act).map_err(netlink),
            Act::Mptcp(act) => mptcp::apply(self.room(&op.ns), op, act),
            Act::Device(_) | Act::Route(_) | Act::Qdisc(_) => unreachable!("each adds something to the batch"),
        }
    }

    fn act_on_relay(&mut self, ns: &str, act: &RelayAct) -> Result<(), LabError> {
        let relay = |link: &String| self.relay.as_ref().ok_or_else(|| RelayError::NoLink(link.clone()));
        match act {
            RelayAct::Relay { link, dev, to, up, down, seed } => {
                let wires = self.room(ns);
                let (a, b) = (wires.index(dev), wires.index(to));
                let (up, down) = ((**up).clone(), (**down).clone());
                self.relayed.push(RelayLink { name: link.clone(), a, b, up, down, seed: *seed });
            }
            RelayAct::Swallow { link, way, on } => drop(relay(link)?.blackhole(link, *way, *on)?),
            RelayAct::Reshape { link, way, shape } => drop(relay(link)?.reshape(link, *way, (**shape).clone())?),
        }
        Ok(())
    }
}

/// Operations of one namespace that wait to be sent together.
#[derive(Default)]
struct Pending<'a> {
    batch: Batch,
    ops: Vec<&'a Op>,
}

/// Does all pieces of work, as many at a time as there are cores.
fn side_by_side<T: Send, R: Send>(work: Vec<T>, each: impl Fn(T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from).min(work.len());
    let left = Mutex::new(work.into_iter());
    let next = || left.lock().expect("taking from a list does not panic").next();
    let worker = || std::iter::from_fn(next).map(&each).collect::<Vec<R>>();
    thread::scope(|scope| {
        // With fewer threads it just takes longer.
        let others: Vec<_> = (1..cores).filter_map(|_| thread::Builder::new().spawn_scoped(scope, worker).ok()).collect();
        let mut done = worker();
        done.extend(others.into_iter().flat_map(|other| other.join().expect("a panic here is a panic there")));
        done
    })
}
