//! What may reach a terminal: mplab's own colours, and foreign text without control characters.
//! Not here: whether there is a terminal, or what is printed on it.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

/// A placeholder for the escape character of mplab's own colours until they are shown. It is random, so that no recording can contain it.
static MARK: LazyLock<String> = LazyLock::new(|| format!("\u{1b}{:016x}", RandomState::new().hash_one("colour")));

/// Text in a colour, given by the number of its ANSI sequence (ECMA-48, SGR). [`shown`] inserts the sequence.
pub fn coloured(code: u8, text: &str) -> String {
    let mark = MARK.as_str();
    format!("{mark}[{code}m{text}{mark}[0m")
}

/// Text whose every escape character is mplab's own.
pub fn own(text: &str) -> String {
    text.replace('\u{1b}', &MARK)
}

/// The text for the terminal: mplab's colours as they are, everything else made [`visible`].
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(MARK.as_str()) {
        return visible(text);
    }
    let parts: Vec<_> = text.split(MARK.as_str()).map(visible).collect();
    Cow::Owned(parts.join("\u{1b}"))
}

/// Text that cannot control a terminal: control characters other than tab and newline become their pictures (U+2400 and on); those without a
/// picture, and those that change the direction of writing, become their number.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(commands) {
        return Cow::Borrowed(text);
    }
    let mut seen = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\0'..='\u{1f}' if commands(character) => seen.extend(char::from_u32(0x2400 + u32::from(character))),
            '\u{7f}' => seen.push('\u{2421}'),
            _ if commands(character) => seen.extend(character.escape_unicode()),
            _ => seen.push(character),
        }
    }
    Cow::Owned(seen)
}

/// Whether a terminal may act on a character.
fn commands(character: char) -> bool {
    let turns = matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() && !matches!(character, '\t' | '\n') || turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_sets_nothing() {
        for foreign in ["\u{1b}[2J", "\u{1b}]52;c;ZWNobw==\u{7}", "\u{9b}31m", "\u{1b}[31mred\u{1b}[0m", "a\rb", "\u{7f}\u{202e}"] {
            let text = coloured(31, foreign) + foreign;
            let (open, close) = ("\u{1b}[31m", "\u{1b}[0m");
            let said = shown(&text);
            let rest = said.strip_prefix(open).expect("the colour").replacen(close, "", 1);
            assert!(!rest.contains(commands), "{rest:?}");
        }
        assert_eq!(visible("a\u{1b}[2J\tb\n\u{9b}\u{7f}\u{202e}"), "a␛[2J\tb\n\\u{9b}␡\\u{202e}");
    }

    #[test]
    fn plain_text_is_as_it_was() {
        assert!(matches!(shown("Ümläute │ ▏ ✓\n\t日本"), Cow::Borrowed(_)));
        assert_eq!(shown(&own("\u{1b}[1mtitle\u{1b}[0m")), "\u{1b}[1mtitle\u{1b}[0m");
    }
}
