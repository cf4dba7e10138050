//! The command `mplab proxy`: its options, and running it. It is in the library because a process of a case can run it in any program that
//! carries the case.
//! Not here: what a proxy does.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::{env, io, process};

use super::{Options, Proxy};
use crate::words::Protocol;

/// The usage of `mplab proxy`.
pub const USAGE: &str = "\
usage: mplab proxy --listen ADDRESS:PORT (--to ADDRESS:PORT | --transparent) [--listen-protocol tcp|mptcp] [--to-protocol tcp|mptcp]

  --listen ADDRESS:PORT   address to listen on, such as 0.0.0.0:4000
  --listen-protocol WORD  protocol to speak there (default: tcp)
  --to ADDRESS:PORT       address to connect to for each connection accepted
  --transparent           connect to where each client wanted to go, for connections diverted by nft's tproxy
  --to-protocol WORD      protocol to speak there (default: mptcp)
";

/// The first argument of a process that is to be `mplab` itself, whichever program carries the case.
pub const ITSELF: &str = "mplab:itself";

impl Options {
    /// Reads the options of `mplab proxy`.
    pub fn read(words: &[String]) -> Result<Self, String> {
        let (mut listen, mut to, mut transparent) = (None, None, false);
        let (mut listen_protocol, mut to_protocol) = (Protocol::Tcp, Protocol::Mptcp);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("`{word}` needs a value"));
            match word.as_str() {
                "--listen" => listen = Some(address(value()?)?),
                "--to" => to = Some(address(value()?)?),
                "--transparent" => transparent = true,
                "--listen-protocol" => listen_protocol = protocol(value()?)?,
                "--to-protocol" => to_protocol = protocol(value()?)?,
                _ => return Err(format!("`mplab proxy` has no option `{word}`")),
            }
        }
        if to.is_some() == transparent {
            return Err("a proxy needs one of --to and --transparent".to_owned());
        }
        Ok(Self { listen: listen.ok_or("a proxy needs --listen")?, listen_protocol, to, to_protocol })
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("`{text}` is not an address and port: write one such as 10.0.1.2:4000 or [fd00::2]:4000"))
}

fn protocol(text: &str) -> Result<Protocol, String> {
    match text {
        "tcp" => Ok(Protocol::Tcp),
        "mptcp" => Ok(Protocol::Mptcp),
        _ => Err(format!("`{text}` is not a protocol: write tcp or mptcp")),
    }
}

/// Prints where it listens, and serves until it is killed.
pub fn run(options: Options) -> io::Result<Infallible> {
    super::runtime()?.block_on(async {
        let proxy = Proxy::listen(options)?;
        println!("listening at {}", proxy.address()?);
        proxy.serve().await
    })
}

/// Becomes a proxy if this process was started as one by a case, and then never returns.
pub(crate) fn enter() {
    let mut words = env::args().skip(1);
    if words.next().as_deref() != Some(ITSELF) {
        return;
    }
    let words: Vec<String> = words.collect();
    let failed = match words.split_first() {
        Some((command, words)) if command == "proxy" => match Options::read(words) {
            Ok(options) => run(options).err().map(|error| error.to_string()),
            Err(wrong) => Some(wrong),
        },
        _ => Some("the one command that a process of a case can run is `mplab proxy`".to_owned()),
    };
    eprintln!("mplab: {}", failed.unwrap_or_default());
    process::exit(2);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options, String> {
        Options::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn words_are_read_and_wrong_ones_answered() {
        let (listen, to) = ("0.0.0.0:4000".parse().unwrap(), "10.0.1.2:80".parse().unwrap());
        let plain = Options { listen, listen_protocol: Protocol::Tcp, to: Some(to), to_protocol: Protocol::Mptcp };
        assert_eq!(read("--listen 0.0.0.0:4000 --to 10.0.1.2:80"), Ok(plain));
        let back = Options { listen, listen_protocol: Protocol::Mptcp, to: None, to_protocol: Protocol::Tcp };
        assert_eq!(read("--transparent --listen-protocol mptcp --to-protocol tcp --listen 0.0.0.0:4000"), Ok(back));
        for (line, answer) in [
            ("--to 10.0.1.2:80", "needs --listen"),
            ("--listen 0.0.0.0:4000", "one of --to and --transparent"),
            ("--listen 0.0.0.0:4000 --to 10.0.1.2:80 --transparent", "one of --to and --transparent"),
            ("--listen 4000 --transparent", "`4000` is not an address and port"),
            ("--listen 0.0.0.0:1 --transparent --to-protocol udp", "write tcp or mptcp"),
            ("--listen", "`--listen` needs a value"),
            ("--lisen 0.0.0.0:1", "has no option `--lisen`"),
        ] {
            assert!(read(line).unwrap_err().contains(answer), "{line}: {:?}", read(line));
        }
    }
}
