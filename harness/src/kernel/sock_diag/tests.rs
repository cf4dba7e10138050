//! Replies as a kernel gave them.

use super::*;

// Replies of Linux 6.18, without struct nlmsghdr, during a transfer over three links.
const SUBFLOW: &str = "02010000a81314510a0901010000000000000000000000000a090102000000000000000000000000000000002410000000000000000000\
    00000000000000000000000000d6a30000050008000000000008000f00000000000c001500010000000000000006001600520000001c01\
    0200010000000007aa00e01c030000000000a8050000180200000000000000000000000000000000000000000000140000000000000064\
    04000014000000dc05000058fa0000140000001000000090000000c2000000a805000003000000000000009038000000000000883c5c8d\
    00000000ffffffffffffffffbefa1400000000000000000000000000c903000033000000000000000400000000000000c703000040d7c9\
    0a00000000000000000000000000000000000000000000000000000000c803000000000000bdfa14000000000000000000000000000000\
    000000000000000000000060290000fc000000000000000000000000000000000000000000000000000000000000000000000000000000\
    00000000000000680013000a0001006d7074637000000058000300080001008e77635608000200fb98f52808000800cc00000005000900\
    0100000005000a000100000008000300befa14000c0004001c353fb67ad7f92b080005000000000008000600c6d18c5006000700000000\
    00";
const CONNECTION: &str = "0201000093a814510a0902010000000000000000000000000a090202000000000000000000000000000000002a10000000000000000000\
    00000000000000000000000000d6a30000050008000000000008000f00000000000c001500010000000000000006001600520000006400\
    0200020002020002000002000000fb98f5280479782de79949210479782de79949211c353fb67ad7f92b00000000000000000000000000\
    00000025002c0000000000000000000000000025002c000000000003000000140000006404000014000000";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn a_reply_is_read_as_ss_reads_it() {
    let reply = bytes(SUBFLOW);
    let (message, attributes) = OpTcpDiagDump::decode_reply(&reply);
    let expected = Subflow {
        token: 0x28f5_98fb,
        cookie: [0x24, 0x10, 0, 0, 0, 0, 0, 0],
        local: "10.9.1.1:43027".parse().unwrap(),
        remote: "10.9.1.2:5201".parse().unwrap(),
        local_id: 1,
        remote_id: 1,
        flags: "Jjec".into(),
        established: true,
        bytes_acked: 1_374_910,
        bytes_received: 0,
        retransmits: 0,
        rtt: 20,
        cwnd: 194,
        in_flight: 0,
        congestion: String::new(),
        device: 0,
        mark: 0,
    };
    assert_eq!(Subflow::of(&message, &attributes), Some(expected));
}

#[test]
fn what_is_queued_is_in_flight_unless_it_was_not_sent() {
    let mut reply = bytes(SUBFLOW);
    // `idiag_wqueue`, and `tcpi_notsent_bytes` behind the header of its attribute.
    for (at, bytes) in [(60, 4000_u32), (112 + 144, 1000)] {
        reply[at..at + 4].copy_from_slice(&bytes.to_ne_bytes());
    }
    let (message, attributes) = OpTcpDiagDump::decode_reply(&reply);
    assert_eq!(Subflow::of(&message, &attributes).unwrap().in_flight, 3000);
}

#[test]
fn a_connection_of_a_kernel_that_says_less_is_read_too() {
    let reply = bytes(CONNECTION);
    let (message, attributes) = OpTcpDiagDump::decode_reply(&reply);
    let mut expected = Connection {
        token: 0x28f5_98fb,
        local: "10.9.2.1:37800".parse().unwrap(),
        remote: "10.9.2.2:5201".parse().unwrap(),
        extra_subflows: 2,
        fallback: false,
        bytes_sent: 2_883_621,
        bytes_received: 0,
        bytes_retrans: 0,
        info: Vec::new(),
    };
    let mut seen = Connection::of(&message, &attributes).unwrap();
    let info = std::mem::take(&mut seen.info);
    assert_eq!(seen, expected);
    let field = |wanted| info.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    assert_eq!(info.len(), 21);
    assert_eq!(
        ["limit_extra_subflows", "bytes_sent", "subflows_total", "last_ack_recv"].map(field),
        [Some(2), Some(2_883_621), Some(3), Some(20)]
    );

    // Linux 6.1's struct mptcp_info has 48 bytes.
    let at = reply.len() - 100;
    let mut reply = reply[..at + 4 + 48].to_vec();
    reply[at..at + 2].copy_from_slice(&52_u16.to_ne_bytes());
    let (message, attributes) = OpTcpDiagDump::decode_reply(&reply);
    expected.bytes_sent = 0;
    let mut seen = Connection::of(&message, &attributes).unwrap();
    let last = std::mem::take(&mut seen.info).pop();
    assert_eq!(seen, expected);
    assert_eq!(last, Some(("retransmits", 0)), "the last that it has");
}

#[test]
fn what_is_cut_short_or_no_subflow_is_passed_over() {
    let reply = bytes(SUBFLOW);
    for length in (0..reply.len() - 100).step_by(4) {
        let (message, attributes) = OpTcpDiagDump::decode_reply(&reply[..length]);
        assert_eq!(Subflow::of(&message, &attributes), None, "{length} bytes");
    }
}

#[test]
fn addresses_of_both_families_are_read() {
    let mut message = Msg { family: libc::AF_INET6 as u8, ..Msg::new() };
    message.sockid.src[15] = 1;
    message.sockid.dst[10..].copy_from_slice(&[0xff, 0xff, 10, 0, 0, 2]);
    message.sockid.set_dport(80);
    assert_eq!(ends(&message), ("[::1]:0".parse().unwrap(), "10.0.0.2:80".parse().unwrap()));
}

#[test]
fn letters_are_ss_s() {
    assert_eq!(letters(0x1ff), "MmJjBbecv");
    assert_eq!(letters(0xc2), "mec");
}

#[test]
fn a_kernel_that_cannot_list_a_protocol_goes_on_answering() {
    let mut diag = SockDiag::open().unwrap();
    let mut request = Request::new().op_tcp_diag_dump(&ReqV2 { family: libc::AF_INET as u8, ..ReqV2::new() });
    request.encode().push_protocol(200);
    assert!(diag.each(&[request], |_| {}).is_err());
    assert!(diag.tcp && diag.listeners().is_ok());
}
