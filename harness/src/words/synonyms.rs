//! What `ip`, `tc`, `iperf3` and people call the things that have another name in a document.
//! Not here: slips of the finger (`names`).

/// Names of keys and words, and what else they are called: in lower case, with `_` for `-`.
const ALSO_CALLED: [(&str, &[&str]); 28] = [
    ("admin", &["down", "ifdown"]),
    ("blackhole", &["drop", "silence", "silent"]),
    ("bytes", &["size", "length", "amount"]),
    ("carrier", &["cable", "unplug", "unplugged"]),
    ("codel", &["fq_codel"]),
    ("congestion", &["cc", "congestion_control", "tcp_congestion_control"]),
    ("connections", &["parallel", "streams"]),
    ("cut", &["disconnect", "down", "unplug"]),
    ("deadline", &["timeout"]),
    ("delay", &["latency"]),
    ("direction", &["bidir", "reverse"]),
    ("drop-tail", &["bfifo", "fifo", "pfifo"]),
    ("duration", &["time"]),
    ("env", &["environment"]),
    ("exit", &["code", "exit_code", "exit_status", "status"]),
    ("goodput", &["bandwidth", "bitrate", "speed", "throughput"]),
    ("input", &["stdin"]),
    ("interface", &["dev", "device", "iface", "ifname", "nic"]),
    ("kernel", &["in_kernel"]),
    ("output", &["stdout"]),
    ("process", &["program"]),
    ("rate", &["bandwidth", "bitrate", "bw", "speed", "throughput"]),
    ("remove", &["del", "delete"]),
    ("remove-addr", &["rm_addr"]),
    ("restore", &["plug", "reconnect", "up"]),
    ("stall", &["outage"]),
    ("summary", &["description", "title"]),
    ("via", &["gateway", "gw", "nexthop"]),
];

/// What else a thing of this name is called.
pub(super) fn of(name: &str) -> &'static [&'static str] {
    ALSO_CALLED.iter().find(|(known, _)| *known == name).map_or(&[], |(_, others)| others)
}
