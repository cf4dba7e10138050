//! `getsockopt`: whether what the sockets of a transfer tell of their connection agrees with what was sent.
//! Not here: asking them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::delivery::Seen;
use super::measured::{Measured, Measuring};
use crate::record::{AnswersRecord, ConnectionRecord, FlowRecord, HostRecord};
use crate::words::mptcp::INFO_FIELDS;
use crate::words::{Feature, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "getsockopt",
    value: "true or false",
    of: &[Of::Transfer],
    scope: Scope::Run,
    topic: Topic::Other,
    meaning: "Both sockets of each MPTCP connection, asked at its end with `MPTCP_INFO`, `MPTCP_TCPINFO`, `MPTCP_SUBFLOW_ADDRS` and \
              `MPTCP_FULL_INFO` of `getsockopt`, give answers that agree: with each other in numbers, addresses and bytes, with the bytes that were \
              sent and received, and with the subflows that inet_diag lists. Wrong requests are refused, and answers end where the room for them does.",
    read: |key, value, mistakes| one(key, value, mistakes, Getsockopt),
    check: sound,
};

/// Whether what sockets tell of their connection agrees with what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Getsockopt(pub bool);

impl Measuring for Getsockopt {
    fn wanted(&self) -> String {
        self.0.to_string()
    }

    /// `MPTCP_FULL_INFO` came with these fields of `MPTCP_INFO`, in Linux 6.5.
    fn needs(&self) -> Vec<Feature> {
        INFO_FIELDS.iter().find(|field| field.name == "bytes_acked").map(|field| Feature::Info(field.end())).into_iter().collect()
    }

    fn of_transfer(&self, seen: &Seen<'_>, _: Window) -> Result<Measured, String> {
        let (client, server) = (&seen.asked.client, &seen.asked.server);
        let sent = |flow: &Option<FlowRecord>| flow.as_ref().map_or(0, |flow| flow.sent);
        let received = |flow: &Option<FlowRecord>| flow.as_ref().map_or(0, |flow| flow.received);
        let mut wrong = Vec::new();
        for ConnectionRecord { up, down, client_answers, server_answers, .. } in &seen.record.connections {
            let ends = [(client, client_answers, sent(up), received(down)), (server, server_answers, sent(down), received(up))];
            for (host, answers, sent, received) in ends {
                let answers = answers.as_ref().ok_or_else(|| format!("no socket of {host} was asked at the end of its connection"))?;
                let record = seen.run.hosts.get(host).ok_or_else(|| format!("nothing was recorded of host {host}"))?;
                wrong.extend(disagreements(answers, sent, received, record).into_iter().map(|what| format!("{host}: {what}")));
            }
        }
        if seen.record.connections.is_empty() {
            return Err("no connection was made".to_owned());
        }
        let agree = wrong.is_empty();
        Ok(Measured::plain(agree.to_string(), agree == self.0).because(wrong))
    }
}

/// Where the answers of a socket contradict each other, what it sent and received, or the subflows that its host lists.
fn disagreements(answers: &AnswersRecord, sent: u64, received: u64, host: &HostRecord) -> Vec<String> {
    let mut wrong = answers.wrong.clone();
    for (told, of, what) in [(answers.bytes_sent, sent, "sent"), (answers.bytes_received, received, "received")] {
        if told != of {
            wrong.push(format!("MPTCP_INFO has {told} bytes {what}, and {of} were"));
        }
    }
    let listed: BTreeSet<_> =
        host.subflows.iter().filter(|subflow| subflow.token == answers.token).map(|subflow| (&subflow.local, &subflow.remote)).collect();
    let told: BTreeSet<_> = answers.subflows.iter().map(|subflow| (&subflow.local, &subflow.remote)).collect();
    let unlisted = told.difference(&listed).map(|(local, remote)| format!("inet_diag has no subflow from {local} to {remote}"));
    wrong.extend(unlisted);
    if told.is_empty() {
        wrong.push("it told of no subflow".to_owned());
    }
    // Subflows may send data again, and those that are gone took theirs along.
    let sums =
        answers.subflows.iter().fold((0, 0), |(sent, received), subflow| (sent + subflow.bytes_sent, received + subflow.bytes_received));
    for (sum, of, what) in [(sums.0, sent, "sent"), (sums.1, received, "received")] {
        if sum < of && told == listed {
            wrong.push(format!("its subflows have {sum} bytes {what}, and {of} were"));
        }
    }
    wrong
}
