use super::*;

#[test]
fn a_module_with_a_dash_has_an_underscore_in_the_kernel() {
    assert_eq!(module::name("crc32c-intel"), "crc32c_intel");
}
