//! The shell of every page: the document with its style and script, and nothing external.
//! Not here: the content of a page.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::words::terminal::visible;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The beginning of every document's head. Its policy keeps browsers from loading anything for this page, whatever it may contain.
const HEAD: &str = include_str!("head.html");

/// A document. Control characters in foreign text are made visible.
pub(super) fn document(title: &str, body: Markup) -> String {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                (PreEscaped(HEAD))
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (body) }
                div #tip role="status" hidden {}
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    visible(&document.into_string()).into_owned()
}
