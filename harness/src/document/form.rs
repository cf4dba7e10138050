//! The form of a part of a document, as its reader sees it: which kinds of value it accepts, and which keys.
//! Not here: finding it out (`toml::outline`), and how a schema is written.

/// What a reader accepts: any of these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::option_option, reason = "whether it takes them is one question, what is known of them another")]
pub(crate) struct Form {
    /// Strings.
    pub(crate) text: Option<Text>,
    /// Whole numbers, up to the largest if that is known.
    pub(crate) integer: Option<Option<u64>>,
    /// Numbers with a fraction.
    pub(crate) fraction: bool,
    /// true and false.
    pub(crate) truth: bool,
    /// Arrays, of elements of a form if that is known.
    pub(crate) array: Option<Option<Box<Form>>>,
    /// Tables.
    pub(crate) table: Option<Fields>,
}

/// Which strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Text {
    /// Any, as far as a form can say.
    Any,
    /// One of these words.
    Words(Vec<String>),
}

/// Which tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fields {
    /// Any, as far as a form can say.
    Any,
    /// Those whose keys are names, with values of a form.
    Names(Box<Form>),
    /// Those with certain keys.
    Keys(Keys),
}

/// The keys of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    /// Its heading in the reference document.
    pub(crate) heading: &'static str,
    /// What it is, as an error message calls it.
    pub(crate) what: &'static str,
    /// The keys that it may have, with the forms of their values as far as they are known.
    pub(crate) all: Vec<(&'static str, Option<Form>)>,
    /// Those that it must have.
    pub(crate) required: Vec<&'static str>,
    /// Sets of keys of which it has exactly one each.
    pub(crate) one_of: Vec<Vec<&'static str>>,
    /// Sets of keys of which it has one or more each.
    pub(crate) any_of: Vec<Vec<&'static str>>,
}

/// What is recorded while a reader is given a value of one kind.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// It does not accept that kind.
    pub(crate) refused: bool,
    /// It accepts strings other than certain words.
    pub(crate) text: bool,
    /// The words that it accepts.
    pub(crate) words: Vec<String>,
    /// The largest whole number.
    pub(crate) largest: Option<u64>,
    /// What it accepts in arrays.
    pub(crate) elements: Option<Form>,
    /// What it accepts in tables.
    pub(crate) fields: Option<Fields>,
}
