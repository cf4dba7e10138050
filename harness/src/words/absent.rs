//! Values that are not written in JSON, because their absence means the same.
//! Not here: which values those are.

/// Whether a value is its type's default: `skip_serializing_if` beside `default`.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
