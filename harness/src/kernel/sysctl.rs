//! Sysctls of the calling thread's network namespace, by their dotted names (sysctl(8), /proc/sys).
//! Not here: entering the namespace.

use std::path::PathBuf;
use std::{fs, io};

/// /proc/sys/net/ipv4/conf/eth0.7/rp_filter is `net.ipv4.conf.eth0/7.rp_filter`: dots and slashes change places.
fn path(key: &str) -> PathBuf {
    let swapped: String = key
        .chars()
        .map(|c| {
            if c == '.' {
                '/'
            } else if c == '/' {
                '.'
            } else {
                c
            }
        })
        .collect();
    PathBuf::from("/proc/sys").join(swapped)
}

/// Sets one.
pub fn write(key: &str, value: &str) -> io::Result<()> {
    fs::OpenOptions::new().write(true).open(path(key)).and_then(|mut file| io::Write::write_all(&mut file, value.as_bytes()))
}

/// Reads one, as `sysctl -n` prints it: fields separated by single spaces.
pub fn read(key: &str) -> io::Result<String> {
    Ok(fs::read_to_string(path(key))?.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The names directly below a dotted name, in no order; empty if there are none.
pub fn below(key: &str) -> Vec<String> {
    let entries = fs::read_dir(path(key)).into_iter().flatten().flatten();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().ok().map(|name| name.replace('.', "/"));
    entries.filter_map(name).map(|name| format!("{key}.{name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_with_a_dot_keeps_it() {
        assert_eq!(path("net.ipv4.conf.eth0/7.rp_filter"), PathBuf::from("/proc/sys/net/ipv4/conf/eth0.7/rp_filter"));
    }
}
