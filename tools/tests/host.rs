//! The computer's own network is the same before and after runs, byte for byte.
//! Counters and what changes by itself are left out, each for a reason.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use libtest_mimic::{Arguments, Failed};
use serde_json::Value;
use support::{Directory, SHORT, trial, without};

/// Sysctls that change by themselves: the end of the path, and why.
const VOLATILE: [(&str, &str); 2] = [
    ("nf_conntrack_count", "the connections that are tracked at this moment"),
    ("stable_secret", "reading it is an error before it has been set"),
];
/// What `ip` counts down.
const COUNTDOWNS: [&str; 3] = ["valid_life_time", "preferred_life_time", "expires"];

fn main() {
    mplab::enter();
    let arguments = Arguments::from_args();
    let missing = mplab::local::place().err().map(|error| error.to_string()).or_else(|| without(&["ip"]));
    libtest_mimic::run(&arguments, vec![trial("the_host_is_untouched", missing, untouched)]).exit();
}

fn untouched() -> Result<(), Failed> {
    let directory = Directory::new();
    directory.write("cases/short.toml", SHORT);
    let cut =
        "\n[[step]]\nat = \"100ms\"\ncut = { link = \"enp1s0\", how = \"admin\" }\n\n[[step]]\nat = \"200ms\"\nrestore = \"enp1s0\"\n";
    directory.write("cases/cut.toml", &(SHORT.to_owned() + cut));
    directory.write(
        "cases/routed.toml",
        &SHORT.replace("two-guests-slow", "routed").replace("guest2", "client").replace("guest1", "server").replace("enp2s0", "eth0"),
    );
    directory.write("cases/broken.toml", &(SHORT.to_owned() + "goodput = \">= 1gbit\"\n"));
    let before = snapshot()?;
    let said = directory.say(&["run", "cases"]);
    assert!([1, 5].contains(&said.code) && said.out.contains("4 of 4 run") && !said.out.contains("BROKEN"), "{said:?}");
    let lab = format!("host-test-{}", std::process::id());
    let lab = ["--lab", lab.as_str()];
    for arguments in [
        &["up", "topologies/laptop.toml", "--name", lab[1]][..],
        &["cut", "wlan", lab[0], lab[1]],
        &["exec", lab[0], lab[1], "laptop", "--", "sh", "-c", "echo 0 > /proc/sys/net/mptcp/enabled"],
        &["down", lab[1]],
    ] {
        let said = directory.say(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
    }
    let after = snapshot()?;
    let differing: Vec<_> =
        before.iter().filter(|(what, was)| after.get(*what) != Some(was)).map(|(what, was)| (what, was, after.get(what))).collect();
    assert!(differing.is_empty(), "{differing:#?}");
    assert_eq!(before.len(), after.len(), "{:?}", after.keys().filter(|what| !before.contains_key(*what)).collect::<Vec<_>>());
    Ok(())
}

/// Everything that a run could have changed, by the command or the path that shows it.
fn snapshot() -> Result<BTreeMap<String, String>, Failed> {
    let mut seen = BTreeMap::new();
    for what in ["-d -j link", "-d -j addr", "-j -4 route show table all", "-j -6 route show table all", "-j -4 rule", "-j -6 rule"] {
        let output = Command::new("ip").args(what.split(' ')).output()?;
        assert!(output.status.success(), "ip {what}: {}", String::from_utf8_lossy(&output.stderr));
        let mut shown: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        still(&mut shown);
        seen.insert(format!("ip {what}"), shown.to_string());
    }
    if without(&["nft"]).is_none() {
        seen.insert("nft".to_owned(), String::from_utf8(Command::new("nft").args(["list", "ruleset"]).output()?.stdout)?);
    }
    sysctls(Path::new("/proc/sys/net"), &mut seen)?;
    Ok(seen)
}

fn still(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !COUNTDOWNS.contains(&key.as_str()));
            map.values_mut().for_each(still);
        }
        Value::Array(values) => values.iter_mut().for_each(still),
        _ => {}
    }
}

fn sysctls(directory: &Path, seen: &mut BTreeMap<String, String>) -> Result<(), Failed> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            sysctls(&path, seen)?;
        } else if !VOLATILE.iter().any(|(end, _)| path.ends_with(end)) {
            // Some can only be written.
            if let Ok(value) = fs::read_to_string(&path) {
                seen.insert(path.display().to_string(), value);
            }
        }
    }
    Ok(())
}
