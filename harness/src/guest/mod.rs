//! Virtual machines that boot another kernel.
//! Not here: what runs in them.

pub mod store;
