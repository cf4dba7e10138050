//! QEMU's monitor, which takes commands from outside the guest (its docs/interop/qmp-spec).
//! Not here: which commands, and what for.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

/// mplab's end of a connection to a monitor.
pub(super) struct Monitor(BufReader<UnixStream>);

impl Monitor {
    /// A connection, QEMU's end of it, and QEMU's arguments that use it and let the guest wait.
    pub(super) fn open() -> io::Result<(Self, OwnedFd, Vec<String>)> {
        let (ours, its) = UnixStream::pair()?;
        let its = OwnedFd::from(its);
        let socket = format!("socket,id=monitor,fd={}", its.as_raw_fd());
        let arguments = ["-chardev", &socket, "-mon", "chardev=monitor,mode=control", "-S"].map(str::to_owned).to_vec();
        Ok((Self(BufReader::new(ours)), its, arguments))
    }

    /// Begins the conversation, once QEMU has started.
    pub(super) fn greet(&mut self) -> io::Result<()> {
        self.tell("qmp_capabilities", &json!({})).map(drop)
    }

    /// Lets the guest go on.
    pub(super) fn go(&mut self) -> io::Result<()> {
        self.tell("cont", &json!({})).map(drop)
    }

    /// Lets a debugger connect to a port of the loopback interface, which then lets the guest go on.
    pub(super) fn debugged(&mut self, port: u16) -> io::Result<()> {
        let line = format!("gdbserver tcp:127.0.0.1:{port}");
        self.tell("human-monitor-command", &json!({ "command-line": line })).map(drop)
    }

    /// Sends a command, and returns QEMU's answer.
    pub(super) fn tell(&mut self, command: &str, arguments: &Value) -> io::Result<Value> {
        let line = json!({ "execute": command, "arguments": arguments });
        self.0.get_mut().write_all(format!("{line}\n").as_bytes())?;
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // A greeting and events may come in between.
            match serde_json::from_str::<Value>(&line)? {
                Value::Object(mut said) if said.contains_key("return") => return Ok(said["return"].take()),
                Value::Object(said) if said.contains_key("error") => {
                    return Err(io::Error::other(format!("QEMU refused `{command}`: {}", said["error"]["desc"])));
                }
                _ => {}
            }
        }
    }
}
