//! What every page is in: the document with its style and its script, and nothing from elsewhere.
//! Not here: what a page says.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::words::terminal::visible;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// What every document's head begins with. By its policy a browser loads nothing for this page, whatever might be in it.
const HEAD: &str = include_str!("head.html");

/// A document. Control characters of others are shown as what they are.
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
