//! Looks up the interfaces that a file names among those of the host.
//! Not here: how they come to be.

use std::collections::BTreeMap;

use super::Interface;
use crate::document::diagnostic::Mistakes;
use crate::document::toml::Spanned;

/// Reports an interface that the host does not have.
pub(crate) fn known_interface<'a>(
    host: &str,
    written: &Spanned<String>,
    interfaces: &'a BTreeMap<String, Interface>,
    mistakes: &mut Mistakes,
) -> Option<&'a Interface> {
    let found = interfaces.get(&written.value);
    if found.is_none() {
        let message = format!("`{host}` has no interface `{}`", written.value);
        mistakes.undefined(&written.span, message, &written.value, interfaces.keys().map(String::as_str));
    }
    found
}
