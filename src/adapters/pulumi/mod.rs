//! Pulumi: which command lines to use, and what its answers mean.
//!
//! Its engine's events are told in the words of `adapters::terraform` (`events`), and so is a stack's state (`state`): what plans, asks,
//! applies and resumes reads both alike. What goes wrong before the engine starts stands on standard error (`complaint`).
//!
//! Taken from Pulumi's own source and pages: no binary of it could be tried. It needs version 3.48 or later, whose previews can be a
//! stream of events. <https://www.pulumi.com/docs/iac/cli/commands/>

pub mod command;
pub mod complaint;
pub mod events;
pub mod state;

pub use command::Stack;
pub use complaint::Complaint;
pub use events::Translation;
pub use state::StackState;

/// The program of Pulumi.
pub const PULUMI: &str = "pulumi";

/// A URN without what all those of a stack have in common: `aws:s3/bucket:Bucket::logs` of
/// `urn:pulumi:prod::shop::aws:s3/bucket:Bucket::logs`. <https://www.pulumi.com/docs/iac/concepts/resources/names/#urns>
fn address(urn: &str) -> String {
    let is_urn = urn.starts_with("urn:pulumi:");
    urn.splitn(3, "::").nth(2).filter(|_| is_urn).unwrap_or(urn).to_owned()
}

/// Whether a URN, or an address, is that of the stack itself, which has its outputs.
fn is_stack(urn: &str) -> bool {
    address(urn).starts_with("pulumi:pulumi:Stack::")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_tells_resources_of_one_stack_apart() {
        assert_eq!(address("urn:pulumi:prod::shop::a:b:C$aws:s3/b:B::x::y"), "a:b:C$aws:s3/b:B::x::y");
        assert_eq!(address("no urn :: at :: all"), "no urn :: at :: all");
        assert!(is_stack("urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod"));
        assert!(!is_stack("urn:pulumi:prod::shop::pulumi:pulumi:Stack$a:b:C::x"));
    }
}
