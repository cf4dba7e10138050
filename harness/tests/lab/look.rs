//! What a person sees of a namespace with `ip`, `tc` and `nft`, without what differs from one making to the next.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::OnceLock;

use libtest_mimic::Failed;
use mplab::kernel::Namespace;
use mplab::words::names;
use serde_json::Value;

/// What the kernel numbers and invents as it likes: indexes, handles, hardware addresses, and times that count down.
fn noise(key: &str, value: &Value) -> bool {
    let invented = ["ifindex", "link", "link_index", "link_netnsid", "handle", "address", "valid_life_time", "preferred_life_time", "fh"];
    let of_bridges = ["bridge_id", "root_id", "designated_bridge", "designated_root"];
    // An endpoint's address is no hardware address.
    let hardware = key != "address" || value.as_str().is_some_and(|text| text.len() == 17 && text.matches(':').count() == 5);
    (invented.contains(&key) && hardware) || of_bridges.contains(&key) || key.contains("timer")
}

/// Whether this is an address made of a hardware address, or its route.
fn is_link_local(value: &Value) -> bool {
    ["local", "dst"].iter().any(|key| value.get(key).and_then(Value::as_str).is_some_and(|address| address.starts_with("fe80::")))
}

fn quieten(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, value| !noise(key, value));
            map.values_mut().for_each(quieten);
        }
        Value::Array(values) => {
            values.retain(|value| !is_link_local(value));
            values.iter_mut().for_each(quieten);
        }
        _ => {}
    }
}

/// Whether a row is about a device that the kernel puts into every namespace, which mplab's labs have under another name.
fn is_of_kernel(row: &Value) -> bool {
    static DEVICES: OnceLock<BTreeSet<String>> = OnceLock::new();
    let of_fresh = || {
        let rows = Namespace::new().and_then(|fresh| fresh.enter(|| rows("ip -j link"))).ok().and_then(Result::ok).unwrap_or_default();
        rows.iter().filter_map(|(_, row)| row.get("ifname")?.as_str().map(str::to_owned)).filter(|name| name != "lo").collect()
    };
    let name = ["ifname", "dev"].iter().find_map(|key| row.get(key)?.as_str()).unwrap_or_default();
    names::is_of_kernel(name) || DEVICES.get_or_init(of_fresh).contains(name)
}

/// The rows that a command prints, each with the command.
fn rows(command: &str) -> Result<Vec<(String, Value)>, Failed> {
    let mut words = command.split(' ');
    let output = Command::new(words.next().unwrap_or_default()).args(words).output()?;
    if !output.status.success() {
        return Err(format!("{command}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let text = String::from_utf8(output.stdout)?;
    // Some answer nothing at all where there is nothing, and `ip mptcp limits` always in words.
    let mut rows = match serde_json::from_str(&text) {
        Ok(Value::Array(rows)) => Value::Array(rows),
        _ => Value::Array(text.lines().map(|line| line.trim().into()).collect()),
    };
    quieten(&mut rows);
    let Value::Array(rows) = rows else { unreachable!("made above") };
    Ok(rows.into_iter().map(|row| (format!("{command}: {row}"), row)).collect())
}

/// Everything that `ip`, `tc` and `nft` show of a namespace.
pub(crate) fn look(namespace: &Namespace) -> Result<BTreeSet<String>, Failed> {
    let all = [
        "ip -d -j address",
        "ip -j route show table all",
        "ip -6 -j route show table all",
        "ip -j rule",
        "ip -6 -j rule",
        "ip -j mptcp endpoint",
        "ip -j mptcp limits",
        "tc -j qdisc",
        "nft -s list ruleset",
    ];
    namespace.enter(|| {
        let mut seen = BTreeSet::new();
        for command in all {
            for (line, row) in rows(command)?.into_iter().filter(|(_, row)| !is_of_kernel(row)) {
                seen.insert(line);
                if row.get("kind").and_then(Value::as_str) == Some("ingress") {
                    let dev = row.get("dev").and_then(Value::as_str).unwrap_or_default();
                    seen.extend(rows(&format!("tc -j filter show dev {dev} ingress"))?.into_iter().map(|(line, _)| line));
                }
            }
        }
        Ok(seen)
    })?
}
