//! Tables of nf_tables: replaces a whole table in a transaction, and reads it back (`nft`).
//! Not here: what is in them.

use std::ffi::CStr;

use netlink_bindings::nftables::{Nfgenmsg, Request};
use netlink_bindings::traits::Pusher;
use netlink_bindings::utils::{IterableChunks, finalize_nested_header, push_header, push_nested_header};

use super::{Batch, Netlink, NetlinkError};

/// A chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Its name.
    pub name: &'static CStr,
    /// Where the kernel calls it; only other chains do if absent.
    pub hook: Option<Hook>,
    /// Its rules in their order.
    pub rules: Vec<Rule>,
}

/// Where in a packet's way through the kernel a chain is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hook {
    /// The chain's type: `filter` or `nat`.
    pub kind: &'static CStr,
    /// `NF_INET_*` (include/uapi/linux/netfilter.h).
    pub number: u32,
    /// Its place in the order of chains there.
    pub priority: i32,
}

/// A rule: expressions in their order. The first that does not match ends it.
pub(crate) type Rule = Vec<Expression>;

/// What a rule does or asks for (include/uapi/linux/netfilter/nf_tables.h).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expression {
    /// Its name.
    pub name: &'static CStr,
    /// Its attributes by their numbers, those that it has inside as bytes.
    pub attributes: Vec<(u16, Vec<u8>)>,
}

/// `NFPROTO_INET`: IPv4 and IPv6.
const INET: u8 = 1;
/// `NFNL_SUBSYS_NFTABLES`, whom a batch is for.
const NFTABLES: u16 = 10;
/// `NFTA_EXPR_DATA`.
const EXPRESSION_DATA: u16 = 2;

impl Expression {
    /// An expression with these attributes.
    pub(crate) fn new(name: &'static CStr, attributes: impl Into<Vec<(u16, Vec<u8>)>>) -> Self {
        Self { name, attributes: attributes.into() }
    }
}

/// A number as nf_tables has it.
pub(crate) fn number(number: u32) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// Attributes as the value of another one.
pub(crate) fn inside(attributes: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, value) in attributes {
        push_header(&mut bytes, *kind, value.len() as u16);
        bytes.extend(value);
    }
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn header() -> Nfgenmsg {
    Nfgenmsg { nfgen_family: INET, ..Nfgenmsg::new() }
}

/// Gives a table exactly these chains, or removes it if there are none. It happens at once: no packet sees a partial table.
pub(crate) fn replace(netlink: &mut Netlink, table: &CStr, chains: &[Chain]) -> Result<(), NetlinkError> {
    let mut around = Nfgenmsg::new();
    around.set_res_id(NFTABLES);
    let mut batch = Batch::default();
    batch.push_unanswered(&Request::new().op_batch_begin_do(&around));
    let made = || {
        let mut made = Request::new().set_create().op_newtable_do(&header());
        made.encode().push_name(table);
        made
    };
    // A table that does not exist cannot be deleted.
    batch.push(&made());
    let mut deleted = Request::new().op_deltable_do(&header());
    deleted.encode().push_name(table);
    batch.push(&deleted);
    if !chains.is_empty() {
        batch.push(&made());
    }
    for chain in chains {
        let mut request = Request::new().set_create().op_newchain_do(&header());
        let mut attributes = request.encode().push_table(table).push_name(chain.name);
        if let Some(Hook { kind, number, priority }) = chain.hook {
            attributes = attributes.nested_hook().push_num(number).push_priority(priority).end_nested().push_type(kind);
        }
        drop(attributes);
        batch.push(&request);
    }
    // A rule may call a chain, which must be there.
    for (chain, rule) in chains.iter().flat_map(|chain| chain.rules.iter().map(move |rule| (chain, rule))) {
        let mut request = Request::new().set_create().set_append().op_newrule_do(&header());
        let mut expressions = request.encode().push_table(table).push_chain(chain.name).nested_expressions();
        for expression in rule {
            let mut element = expressions.nested_elem().push_name(expression.name);
            let data = push_nested_header(element.as_vec_mut(), EXPRESSION_DATA);
            element.as_vec_mut().extend(inside(&expression.attributes));
            finalize_nested_header(element.as_vec_mut(), data);
            expressions = element.end_nested();
        }
        drop(expressions);
        batch.push(&request);
    }
    batch.push_unanswered(&Request::new().op_batch_end_do(&around));
    netlink.send(&batch)
}

/// Whether a table has exactly these chains and rules. Additional attributes that the kernel reports for an expression do not count.
pub(crate) fn has(netlink: &mut Netlink, table: &CStr, chains: &[Chain]) -> Result<bool, NetlinkError> {
    let mut hooks = Vec::new();
    netlink.each(&Request::new().op_getchain_dump(&header()), |(_, chain)| {
        if chain.get_table() == Ok(table) {
            let hook = chain.get_hook().ok().and_then(|hook| Some((hook.get_num().ok()?, hook.get_priority().ok()?)));
            hooks.extend(chain.get_name().map(|name| (name.to_owned(), hook)));
        }
    })?;
    let mut rules = Vec::new();
    netlink.each(&Request::new().op_getrule_dump(&header()), |(_, rule)| {
        if rule.get_table() != Ok(table) {
            return;
        }
        let expressions = rule.get_expressions().map(|list| list.get_buf().to_vec()).unwrap_or_default();
        rules.extend(rule.get_chain().map(|chain| (chain.to_owned(), expressions)));
    })?;
    let wanted_hooks = chains.iter().map(|chain| (chain.name.to_owned(), chain.hook.as_ref().map(|hook| (hook.number, hook.priority))));
    let wanted = chains.iter().flat_map(|chain| chain.rules.iter().map(move |rule| (chain.name, rule)));
    Ok(hooks.into_iter().eq(wanted_hooks)
        && rules.len() == wanted.clone().count()
        && rules.iter().zip(wanted).all(|((chain, has), (name, rule))| **chain == *name && same(has, rule)))
}

/// Whether a rule's expressions, as the kernel reports them, are these.
fn same(has: &[u8], wanted: &Rule) -> bool {
    let elements: Vec<_> = IterableChunks::new(has).map(|(_, element)| element).collect();
    let of = |bytes, kind| IterableChunks::new(bytes).find(|(header, _)| header.r#type == kind).map(|(_, value)| value);
    elements.len() == wanted.len()
        && elements.iter().zip(wanted).all(|(element, expression)| {
            let name = of(element, 1).and_then(|name| CStr::from_bytes_until_nul(name).ok());
            let data = of(element, EXPRESSION_DATA).unwrap_or_default();
            name == Some(expression.name) && expression.attributes.iter().all(|(kind, value)| of(data, *kind) == Some(value))
        })
}
