//! What mplab wants a kernel to have, as data: an import keeps these modules, and says which are built in or absent.
//! Not here: what a case needs, which is probed where it runs.

use super::manifest::Form;

/// Something that mplab wants a kernel to have.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Its name: the module's, if it can be one.
    pub name: &'static str,
    /// Its option in a kernel's configuration, without `CONFIG_`.
    pub option: &'static str,
    /// What for.
    pub why: &'static str,
    /// The form of kernels that should have it, if not all.
    pub form: Option<Form>,
}

const fn want(name: &'static str, option: &'static str, why: &'static str) -> Wanted {
    Wanted { name, option, why, form: None }
}

impl Wanted {
    const fn of(self, form: Form) -> Self {
        Self { form: Some(form), ..self }
    }
}

/// What a kernel of this form should have.
pub fn wanted(form: Form) -> impl Iterator<Item = &'static Wanted> {
    WANTED.iter().filter(move |wanted| wanted.form.is_none_or(|of| of == form))
}

/// Everything wanted. What is never a module has the name of its option in lower case.
pub(crate) const WANTED: &[Wanted] = &[
    // Without these a guest does not start.
    want("blk_dev_initrd", "BLK_DEV_INITRD", "the guest's files are an initramfs").of(Form::Image),
    want("serial_8250_console", "SERIAL_8250_CONSOLE", "the guest's console is a serial port").of(Form::Image),
    want("hostfs", "HOSTFS", "the guest's files are a directory of the computer's").of(Form::Program),
    want("uml_time_travel_support", "UML_TIME_TRAVEL_SUPPORT", "virtual time").of(Form::Program),
    want("net_ns", "NET_NS", "every host is a network namespace"),
    // What it is all about.
    want("mptcp", "MPTCP", "Multipath TCP"),
    want("mptcp_ipv6", "MPTCP_IPV6", "Multipath TCP over IPv6"),
    want("ipv6", "IPV6", "every lab has both families"),
    // Observers. MPTCP's diag is on TCP's, and that on inet_diag.
    want("inet_diag", "INET_DIAG", "what `ss` shows of sockets"),
    want("tcp_diag", "INET_TCP_DIAG", "what `ss` shows of subflows"),
    want("mptcp_diag", "INET_MPTCP_DIAG", "what `ss` shows of MPTCP's sockets"),
    // Links.
    want("veth", "VETH", "a link's two ends"),
    want("bridge", "BRIDGE", "switches"),
    want("bonding", "BONDING", "bonded interfaces"),
    want("8021q", "VLAN_8021Q", "VLANs"),
    want("dummy", "DUMMY", "interfaces that lead nowhere"),
    want("af_packet", "PACKET", "packet captures, and links in user space"),
    want("sch_ingress", "NET_SCH_INGRESS", "a wire's way from one end to the other"),
    want("cls_u32", "NET_CLS_U32", "filters that choose packets on a wire"),
    want("act_mirred", "NET_ACT_MIRRED", "a wire's way from one end to the other"),
    want("sch_tbf", "NET_SCH_TBF", "a link's rate"),
    want("sch_netem", "NET_SCH_NETEM", "a link's delay, jitter and loss"),
    want("sch_fq", "NET_SCH_FQ", "pacing"),
    want("sch_codel", "NET_SCH_CODEL", "queues that drop early"),
    want("sch_fq_codel", "NET_SCH_FQ_CODEL", "queues that drop early"),
    // Congestion control. Reno is in every kernel.
    want("tcp_cubic", "TCP_CONG_CUBIC", "the usual congestion control"),
    want("tcp_bbr", "TCP_CONG_BBR", "congestion control by a model of the path"),
    want("tcp_dctcp", "TCP_CONG_DCTCP", "congestion control by explicit notification"),
    // Firewalls, NAT and middleboxes. Matching on options (exthdr) and counters are in nf_tables itself (counters: since Linux 5.17).
    want("nf_tables", "NF_TABLES", "firewalls"),
    want("nf_tables_inet", "NF_TABLES_INET", "rules for both families at once"),
    want("nft_ct", "NFT_CT", "rules that match connections"),
    want("nft_limit", "NFT_LIMIT", "rules with a rate"),
    want("nft_numgen", "NFT_NUMGEN", "rules for every nth packet or a random one"),
    want("nft_reject_inet", "NFT_REJECT_INET", "firewalls that reject connections"),
    want("nft_reject_ipv4", "NFT_REJECT_IPV4", "firewalls that reject connections"),
    want("nft_reject_ipv6", "NFT_REJECT_IPV6", "firewalls that reject connections"),
    want("nft_chain_nat", "NFT_NAT", "NAT"),
    want("nft_nat", "NFT_NAT", "NAT"),
    want("nft_masq", "NFT_MASQ", "NAT to an interface's own address"),
    want("nft_redir", "NFT_REDIR", "proxies that rewrite the destination"),
    want("nft_tproxy", "NFT_TPROXY", "transparent proxies"),
    want("nft_socket", "NFT_SOCKET", "transparent proxies"),
];

/// Modules that are kept if they exist, but not missed: newer kernels have their content elsewhere.
pub(crate) const WELCOME: &[&str] = &["nft_counter"];
