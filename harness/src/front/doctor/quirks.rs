//! Versions of programs that treat MPTCP in unexpected ways: the symptom, and what to do about it.
//! Not here: whether a program is installed.

use std::fs;
use std::path::Path;

/// What a program does and what to change, or `None` for a program without known quirks.
pub(super) fn quirk(file: &Path, version: Option<&str>) -> Option<(&'static str, &'static str)> {
    let name = file.file_name()?.to_str()?;
    match name {
        "mptcpize" => {
            let follows = fs::read(file).is_ok_and(|program| holds(&program, b"multipathtcp"));
            (!follows).then_some((
                "programs in Go keep using TCP under it, since it does not set GODEBUG=multipathtcp=1",
                "use mptcpize 0.14 or later for those, or set the variable for them (env in a case)",
            ))
        }
        "mptcpd" => (!has_plugins())
            .then_some(("it has no plugins, and manages no paths without them", "install those of its version (Debian: mptcpd-plugins)")),
        "ss" => version.is_some_and(|version| version.contains("iproute2-6.1.") || version.contains("iproute2-5.")).then_some((
            "prints MPTCP's sequence numbers in hexadecimal without 0x (write_seq, snd_una, rcv_nxt), where later ones are decimal",
            "use a later iproute2 if a script reads them; mplab asks the kernel itself",
        )),
        "nft" => version.is_some_and(|version| version.contains("v1.0.")).then_some((
            "accepts MPTCP subtypes only as numbers (1 for MP_JOIN), where later ones have names",
            "use nft 1.1.7 or later for rules with names; mplab makes firewalls without it",
        )),
        _ => None,
    }
}

fn holds(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

/// Whether mptcpd has any plugins in the library directories of distributions.
fn has_plugins() -> bool {
    let directories = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].into_iter().map(Path::new);
    let below = |directory: &Path| fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    let all = directories.flat_map(|directory| std::iter::once(directory.to_owned()).chain(below(directory)));
    let plugin = |file: &Path| file.extension().is_some_and(|ending| ending == "so");
    all.map(|directory| directory.join("mptcpd")).any(|directory| below(&directory).iter().any(|file| plugin(file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart() {
        let told = |name: &str, version: &str| quirk(Path::new(name), Some(version)).is_some();
        assert!(told("/usr/bin/ss", "ss utility, iproute2-6.1.0") && !told("/usr/bin/ss", "ss utility, iproute2-7.3.0"));
        assert!(told("/usr/sbin/nft", "nftables v1.0.6 (Lester Gooch #5)") && !told("/usr/sbin/nft", "nftables v1.1.7 (Commodore)"));
        assert!(!told("/usr/bin/curl", "curl 8.23.0"));
    }

    #[test]
    fn mptcpize_is_asked_whether_go_programs_follow_it() {
        let directory = std::env::temp_dir().join(format!("mplab-quirks-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory is made");
        let file = directory.join("mptcpize");
        fs::write(&file, b"GODEBUG=multipathtcp=1").expect("a file is written");
        let newer = quirk(&file, None);
        fs::write(&file, b"LD_PRELOAD").expect("a file is written");
        let older = quirk(&file, None);
        fs::remove_dir_all(&directory).expect("it is removed");
        assert!(newer.is_none() && older.is_some());
    }
}
