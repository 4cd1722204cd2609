//! The network of a machine: links and addresses, and DHCP.

pub(super) mod dhcp;
pub(super) mod link;
