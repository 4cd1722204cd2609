# The version of the linker that systems are declared for: what they are declared as, and the rules by
# which they are linked. Another program gives another tree, so a derivation says which one it needs.
# When to raise it, `crates/frazil-ops/src/system/specification.rs` says.
3
