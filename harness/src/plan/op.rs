//! The closed list of what mplab does to a kernel. An operation's `Display` is the `ip`, `tc` or `sysctl` line that a person would type.
//! Not here: doing it (the `lab` and `kernel` modules), or deciding what to do.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::document::case::Command;
use crate::document::topology::Endpoint;
use crate::words::mptcp::PATH_MANAGERS;
use crate::words::netem::UNLIMITED;
use crate::words::{
    BondMode, Direction, EndpointFlag, Feature, Netem, Network, QdiscHandle, Rate, Rule, RuleAction, Shape, Size, Time, XmitHashPolicy,
};

/// One operation on one namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Op {
    /// The namespace: a host's name, or the wires' (`words::names::WIRES`).
    pub ns: String,
    /// What is done in it.
    pub act: Act,
}

/// What can be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Makes the namespace.
    Namespace,
    /// Sets a sysctl.
    Sysctl {
        /// Its dotted name.
        key: String,
        /// Its value.
        value: String,
    },
    /// Makes a veth pair, one end here and up, if not said otherwise, the other in `peer_ns` and down.
    Veth {
        /// The end here.
        dev: String,
        /// The other end's namespace.
        peer_ns: String,
        /// The other end.
        peer: String,
        /// The largest packet of the end here.
        mtu: u32,
        /// That of the other end, if it is another.
        #[serde(default)]
        peer_mtu: Option<u32>,
        /// Whether the end here is down, too.
        #[serde(default)]
        down: bool,
    },
    /// Makes a bridge, up.
    Bridge {
        /// Its name.
        dev: String,
    },
    /// Sets an interface up.
    Up {
        /// The interface.
        dev: String,
    },
    /// Sets an interface down.
    Down {
        /// The interface.
        dev: String,
    },
    /// Makes a bond without members, down.
    Bond {
        /// Its name.
        dev: String,
        /// The largest packet.
        mtu: u32,
        /// How it chooses among its members.
        mode: BondMode,
        /// How often it looks for their carriers.
        miimon: Time,
        /// What it hashes; the kernel's choice if absent.
        xmit_hash_policy: Option<XmitHashPolicy>,
    },
    /// Makes a VLAN of an interface, down.
    Vlan {
        /// Its name.
        dev: String,
        /// The interface.
        link: String,
        /// The tag.
        id: u16,
    },
    /// Makes an interface a port of a bridge or, being down, a member of a bond, which sets it up.
    Attach {
        /// The interface.
        dev: String,
        /// The bridge or bond.
        #[serde(alias = "bridge")]
        master: String,
    },
    /// Says whether a bridge sends frames out by a port. Ports learn no addresses: with two of them the bridge is a cable.
    Port {
        /// The interface.
        dev: String,
        /// Whether frames leave by it.
        flood: bool,
    },
    /// Gives an interface an address. IPv6 addresses are usable at once (`nodad`).
    Address {
        /// The interface.
        dev: String,
        /// The address and its network.
        address: Network,
    },
    /// Adds a route, or puts it back where it was lost.
    Route {
        /// The destination.
        to: Network,
        /// The next hop.
        via: Option<IpAddr>,
        /// The interface it leaves by.
        dev: Option<String>,
        /// The table, the main one if absent.
        table: Option<u32>,
        /// The next hop is a neighbour, although it is in no network that the host is in.
        #[serde(default)]
        onlink: bool,
    },
    /// Looks routes up in a table, for packets from an address.
    Rule {
        /// IPv6.
        v6: bool,
        /// The rule's place in the order.
        priority: u32,
        /// The source address; any if absent.
        from: Option<IpAddr>,
        /// The packets' mark; any if absent.
        #[serde(default)]
        mark: Option<u32>,
        /// The table (254 is main).
        table: u32,
        /// Whether the table's default route is passed over.
        suppress_default: bool,
    },
    /// Gives an interface an ingress qdisc, where [`Act::Redirect`] can be hung.
    Ingress {
        /// The interface.
        dev: String,
    },
    /// Whatever enters by `dev` leaves by `to`.
    Redirect {
        /// Where packets come in.
        dev: String,
        /// Where they go out.
        to: String,
    },
    /// Whatever enters by `dev` stays in the wires' namespace, which has no use for it.
    Unredirect {
        /// Where packets come in.
        dev: String,
    },
    /// Holds what leaves by an interface to a rate.
    Tbf {
        /// The interface.
        dev: String,
        /// Where among its queueing disciplines, if it is not the only one.
        #[serde(default)]
        place: Option<QdiscHandle>,
        /// Its rate.
        rate: Rate,
        /// The bucket: what may leave at once.
        burst: Size,
        /// What may wait.
        limit: Size,
    },
    /// Takes super-packets that leave by an interface apart: into the packets that are sent over a real cable.
    Split {
        /// The interface.
        dev: String,
        /// Where among its queueing disciplines.
        place: QdiscHandle,
        /// The longest packet with its Ethernet header.
        packet: Size,
        /// What may wait, where nothing hangs below it: all packets of a super-packet come at once.
        #[serde(default)]
        queue: Option<Size>,
    },
    /// Delays, loses and otherwise maltreats what leaves by an interface, and holds it to a rate.
    Netem {
        /// The interface.
        dev: String,
        /// Where among its queueing disciplines.
        place: QdiscHandle,
        /// What is done to packets.
        netem: Box<Netem>,
    },
    /// Lets mplab itself carry packets between the two ends of a wire.
    Relay {
        /// The link.
        link: String,
        /// Towards the first end.
        dev: String,
        /// Towards the second end.
        to: String,
        /// The conditions from the first end to the second.
        up: Box<Shape>,
        /// The conditions the other way.
        down: Box<Shape>,
        /// What decides the fate of packets.
        seed: u64,
    },
    /// Gives a direction of a relayed link other conditions.
    Reshape {
        /// The link.
        link: String,
        /// The direction.
        way: Direction,
        /// The conditions.
        shape: Box<Shape>,
    },
    /// Takes off whatever shapes what leaves by an interface.
    Unshape {
        /// The interface.
        dev: String,
    },
    /// Lets packets of one direction of a relayed link vanish, or no longer.
    Swallow {
        /// The link.
        link: String,
        /// The direction.
        way: Direction,
        /// Whether they vanish.
        on: bool,
    },
    /// Lets a firewall have these rules and no others, for what the host forwards and receives, but for what it says to itself.
    Firewall {
        /// The rules.
        rules: Vec<Rule>,
    },
    /// Gives what leaves by these interfaces their address as the source.
    Masquerade {
        /// The interfaces.
        devs: Vec<String>,
    },
    /// Gives TCP that enters by an interface to the program that listens at a port, wherever it was to go, and marks it.
    Intercept {
        /// The interfaces, each with its port.
        ports: Vec<(String, u16)>,
        /// The mark.
        mark: u32,
    },
    /// Takes every address for the host's own where a table is asked.
    EverythingIsHere {
        /// IPv6.
        v6: bool,
        /// The table.
        table: u32,
    },
    /// Sets the MPTCP limits.
    Limits {
        /// Additional subflows of a connection.
        subflows: Option<u32>,
        /// Announced addresses a connection may use.
        add_addr_accepted: Option<u32>,
    },
    /// Adds an MPTCP endpoint.
    Endpoint {
        /// Its address.
        address: IpAddr,
        /// The interface it is bound to.
        dev: Option<String>,
        /// Its flags.
        flags: Vec<EndpointFlag>,
        /// Its id.
        id: Option<u8>,
        /// The port announced with it.
        port: Option<u16>,
    },
    /// Removes the MPTCP endpoint of an address.
    DeleteEndpoint {
        /// Its address.
        address: IpAddr,
    },
    /// Gives the MPTCP endpoint of an address these of the flags `backup` and `fullmesh`.
    ChangeEndpoint {
        /// Its address.
        address: IpAddr,
        /// The flags.
        flags: Vec<EndpointFlag>,
    },
    /// Removes all MPTCP endpoints.
    FlushEndpoints,
    /// Tells the kernel about each MPTCP connection that leads to an address and port.
    Command {
        /// The transfer whose connections they are.
        transfer: String,
        /// Where they lead.
        to: SocketAddr,
        /// Whether this is the end they lead to.
        server: bool,
        /// What it is told.
        command: Command,
    },
}

/// The main routing table's number.
pub const MAIN_TABLE: u32 = 254;

impl Op {
    /// The operation `act` in namespace `ns`.
    pub fn new(ns: impl Into<String>, act: Act) -> Self {
        Self { ns: ns.into(), act }
    }
}

impl Act {
    /// Adds this endpoint.
    pub(super) fn of_endpoint(endpoint: &Endpoint) -> Self {
        let Endpoint { address, interface, flags, id, port } = endpoint.clone();
        Self::Endpoint { address, dev: interface, flags, id, port }
    }

    /// What a place must be able to do for it, where not every place is.
    pub fn needs(&self) -> Option<Feature> {
        Some(match self {
            Self::Redirect { .. } => Feature::Redirect,
            Self::Bridge { .. } => Feature::Bridge,
            Self::Bond { .. } => Feature::Bonding,
            Self::Vlan { .. } => Feature::Vlan,
            Self::Tbf { .. } | Self::Split { .. } => Feature::Tbf,
            Self::Netem { .. } => Feature::Netem,
            Self::Relay { .. } => Feature::Relay,
            Self::Firewall { rules } if rules.iter().any(|rule| rule.action == RuleAction::Strip) => Feature::StripOptions,
            Self::Firewall { .. } => Feature::Firewall,
            Self::Masquerade { .. } => Feature::Nat,
            Self::Intercept { .. } => Feature::Tproxy,
            Self::Address { address, .. } if address.address.is_ipv6() => Feature::Ipv6,
            Self::Endpoint { flags, .. } if flags.contains(&EndpointFlag::Laminar) => Feature::LaminarEndpoints,
            Self::Sysctl { key, value } => match key.strip_prefix("net.mptcp.")? {
                "scheduler" => Feature::Scheduler(value.clone()),
                "path_manager" => Feature::PathManager(value.clone()),
                "pm_type" => Feature::PathManager((*PATH_MANAGERS.get(value.parse::<usize>().ok()?)?).to_owned()),
                _ => Feature::Mptcp,
            },
            _ => return None,
        })
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ns = &self.ns;
        match &self.act {
            Act::Namespace => write!(f, "ip netns add {ns}"),
            Act::Sysctl { key, value } => {
                let quote = if value.contains(char::is_whitespace) { "\"" } else { "" };
                write!(f, "ip netns exec {ns} sysctl -q -w {key}={quote}{value}{quote}")
            }
            Act::Veth { dev, peer_ns, peer, mtu, peer_mtu, down } => {
                let (up, queues) = (if *down { "" } else { " up" }, "numtxqueues 1 numrxqueues 1");
                let there = peer_mtu.unwrap_or(*mtu);
                write!(
                    f,
                    "ip -n {ns} link add {dev} mtu {mtu} {queues}{up} type veth peer name {peer} mtu {there} {queues} netns {peer_ns}"
                )
            }
            Act::Bridge { dev } => write!(f, "ip -n {ns} link add {dev} up type bridge mcast_snooping 0"),
            Act::Up { dev } => write!(f, "ip -n {ns} link set {dev} up"),
            Act::Down { dev } => write!(f, "ip -n {ns} link set {dev} down"),
            Act::Bond { dev, mtu, mode, miimon, xmit_hash_policy } => {
                write!(f, "ip -n {ns} link add {dev} mtu {mtu} type bond mode {mode} miimon {}", miimon.millis())?;
                xmit_hash_policy.map_or(Ok(()), |policy| write!(f, " xmit_hash_policy {policy}"))
            }
            Act::Vlan { dev, link, id } => write!(f, "ip -n {ns} link add link {link} name {dev} type vlan id {id}"),
            Act::Attach { dev, master } => write!(f, "ip -n {ns} link set {dev} master {master}"),
            Act::Port { dev, flood } => {
                let flood = if *flood { "on" } else { "off" };
                write!(f, "ip -n {ns} link set {dev} type bridge_slave learning off flood {flood} mcast_flood {flood} bcast_flood {flood}")
            }
            Act::Address { dev, address } => {
                let nodad = if address.address.is_ipv6() { " nodad" } else { "" };
                write!(f, "ip -n {ns} address add {address} dev {dev}{nodad}")
            }
            Act::Route { to, via, dev, table, onlink } => {
                let family = if to.address.is_ipv6() { " -6" } else { "" };
                if to.prefix == 0 {
                    write!(f, "ip -n {ns}{family} route replace default")?;
                } else {
                    write!(f, "ip -n {ns}{family} route replace {to}")?;
                }
                if let Some(via) = via {
                    write!(f, " via {via}")?;
                }
                if let Some(dev) = dev {
                    write!(f, " dev {dev}")?;
                }
                if let Some(table) = table {
                    write!(f, " table {table}")?;
                }
                if *onlink {
                    write!(f, " onlink")?;
                }
                Ok(())
            }
            Act::Rule { v6, priority, from, mark, table, suppress_default } => {
                let family = if *v6 { " -6" } else { "" };
                write!(f, "ip -n {ns}{family} rule add priority {priority} from ")?;
                match from {
                    Some(from) => from.fmt(f)?,
                    None => f.write_str("all")?,
                }
                if let Some(mark) = mark {
                    write!(f, " fwmark {mark}")?;
                }
                match *table {
                    MAIN_TABLE => f.write_str(" lookup main")?,
                    table => write!(f, " lookup {table}")?,
                }
                if *suppress_default { f.write_str(" suppress_prefixlength 0") } else { Ok(()) }
            }
            Act::Ingress { dev } => write!(f, "tc -n {ns} qdisc add dev {dev} ingress"),
            Act::Redirect { dev, to } => write!(
                f,
                "tc -n {ns} filter add dev {dev} ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev {to}"
            ),
            Act::Unredirect { dev } => write!(f, "tc -n {ns} filter del dev {dev} ingress protocol all prio 1"),
            Act::Tbf { dev, place, rate, burst, limit } => {
                let place = place.map_or_else(|| "root".to_owned(), |place| place.to_string());
                write!(f, "tc -n {ns} qdisc replace dev {dev} {place} tbf rate {}bit burst {}b limit {}b", rate.0, burst.0, limit.0)
            }
            Act::Split { dev, place, packet, queue } => {
                let (rate, burst, limit) = (UNLIMITED.0, packet.0, queue.unwrap_or(*packet).0);
                write!(f, "tc -n {ns} qdisc replace dev {dev} {place} tbf rate {rate}bit burst {burst}b limit {limit}b")
            }
            Act::Netem { dev, place, netem } => write!(f, "tc -n {ns} qdisc replace dev {dev} {place} netem {netem}"),
            Act::Relay { link, dev, to, up, down, .. } => {
                write!(f, "# mplab relays {link} between {dev} and {to}: up {up}, down {down}")
            }
            Act::Reshape { link, way, shape } => write!(f, "# mplab's relay gives {link} other conditions {way}: {shape}"),
            Act::Unshape { dev } => write!(f, "tc -n {ns} qdisc del dev {dev} root"),
            Act::Swallow { link, way, on } => {
                write!(f, "# mplab's relay {} what goes {way} on {link}", if *on { "swallows" } else { "carries" })
            }
            Act::Firewall { rules } => {
                write!(f, "ip netns exec {ns} nft 'table inet firewall; delete table inet firewall")?;
                if rules.is_empty() {
                    return f.write_str("'");
                }
                f.write_str("; table inet firewall { chain rules {")?;
                rules.iter().try_for_each(|rule| write!(f, " {rule};"))?;
                f.write_str(" }; chain forward { type filter hook forward priority 0; jump rules; }")?;
                f.write_str("; chain input { type filter hook input priority 0; iifname != \"lo\" jump rules; }; }'")
            }
            Act::Masquerade { devs } => {
                write!(f, "ip netns exec {ns} nft 'table inet nat; delete table inet nat; table inet nat {{ ")?;
                f.write_str("chain postrouting { type nat hook postrouting priority 100;")?;
                devs.iter().try_for_each(|dev| write!(f, " oifname \"{dev}\" masquerade;"))?;
                f.write_str(" }; }'")
            }
            Act::Intercept { ports, mark } => {
                write!(f, "ip netns exec {ns} nft 'table inet intercept; delete table inet intercept; table inet intercept {{ ")?;
                f.write_str("chain prerouting { type filter hook prerouting priority -150;")?;
                ports.iter().try_for_each(|(dev, port)| {
                    write!(f, " iifname \"{dev}\" meta l4proto tcp tproxy to :{port} meta mark set {mark} accept;")
                })?;
                f.write_str(" }; }'")
            }
            Act::EverythingIsHere { v6, table } => {
                let family = if *v6 { " -6" } else { "" };
                write!(f, "ip -n {ns}{family} route replace local default dev lo table {table}")
            }
            Act::Limits { subflows, add_addr_accepted } => {
                write!(f, "ip -n {ns} mptcp limits set")?;
                if let Some(subflows) = subflows {
                    write!(f, " subflows {subflows}")?;
                }
                if let Some(accepted) = add_addr_accepted {
                    write!(f, " add_addr_accepted {accepted}")?;
                }
                Ok(())
            }
            Act::Endpoint { address, dev, flags, id, port } => {
                write!(f, "ip -n {ns} mptcp endpoint add {address}")?;
                if let Some(port) = port {
                    write!(f, " port {port}")?;
                }
                if let Some(dev) = dev {
                    write!(f, " dev {dev}")?;
                }
                if let Some(id) = id {
                    write!(f, " id {id}")?;
                }
                for flag in flags {
                    write!(f, " {flag}")?;
                }
                Ok(())
            }
            Act::DeleteEndpoint { address } => write!(
                f,
                "ip -n {ns} mptcp endpoint delete id $(ip -n {ns} mptcp endpoint show | sed -n 's/^{address} .*id \\([0-9]*\\).*/\\1/p')"
            ),
            Act::ChangeEndpoint { address, flags } => {
                let [backup, fullmesh] =
                    [EndpointFlag::Backup, EndpointFlag::Fullmesh].map(|flag| if flags.contains(&flag) { "" } else { "no" });
                write!(f, "ip -n {ns} mptcp endpoint change {address} {backup}backup {fullmesh}fullmesh")
            }
            Act::FlushEndpoints => write!(f, "ip -n {ns} mptcp endpoint flush"),
            Act::Command { transfer, command, .. } => {
                write!(f, "ip netns exec {ns} pm_nl_ctl ")?;
                match command {
                    Command::Announce { address, id, port } => {
                        write!(f, "ann {address} token $TOKEN id {id}")?;
                        port.map_or(Ok(()), |port| write!(f, " port {port}"))
                    }
                    Command::Remove { id } => write!(f, "rem token $TOKEN id {id}"),
                    Command::Create { address, id, to, port } => {
                        write!(f, "csf lip {address} lid {id} rip {to} rport {port} token $TOKEN")
                    }
                    Command::Destroy { address } => write!(f, "dsf lip {address} lport $LPORT rip $RIP rport $RPORT token $TOKEN"),
                    Command::Backup { address, on } => {
                        let no = if *on { "" } else { "no" };
                        write!(f, "set {address} flags {no}backup token $TOKEN rip $RIP rport $RPORT")
                    }
                }?;
                write!(f, " # of {transfer}")
            }
        }
    }
}
