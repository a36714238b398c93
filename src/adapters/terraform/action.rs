//! What terraform does, or plans to do, to one object.

/// An action. <https://developer.hashicorp.com/terraform/internals/machine-readable-ui#planned-change>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed where it stands.
    Update,
    /// It is destroyed and made anew. The stream doesn't tell which comes first; only `show -json` does.
    Replace,
    /// It is destroyed.
    Delete,
    /// A data source is read.
    Read,
    /// Something that exists comes under terraform's care.
    Import,
    /// It gets another address.
    Move,
    /// It stays as it is and terraform no longer cares for it (a `removed` block with `destroy = false`).
    Forget,
    /// Nothing.
    NoOp,
    /// A word of a newer terraform.
    Other(String),
}

impl Action {
    /// Reads the word of the stream.
    pub fn parse(word: &str) -> Self {
        match word {
            "create" => Self::Create,
            "update" => Self::Update,
            "replace" => Self::Replace,
            "delete" => Self::Delete,
            "read" => Self::Read,
            "import" => Self::Import,
            "move" => Self::Move,
            // 1.11 says `remove`; `forget` is the name of the plan format.
            "remove" | "forget" => Self::Forget,
            "noop" | "no-op" => Self::NoOp,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The mark before an address, as in terraform's own plan; without colour it is all that tells actions apart.
    pub fn sign(&self) -> &'static str {
        match self {
            Self::Create => "+",
            Self::Update => "~",
            Self::Replace => "-/+",
            Self::Delete => "-",
            Self::Read => "<=",
            Self::Import => "&",
            Self::Move => ">",
            Self::Forget => "x",
            Self::NoOp => "=",
            Self::Other(_) => "?",
        }
    }

    /// What is being done, before an address: `creating terraform_data.repo`.
    pub fn doing(&self) -> &str {
        match self {
            Self::Create => "creating",
            Self::Update => "changing",
            Self::Replace => "replacing",
            Self::Delete => "destroying",
            Self::Read => "reading",
            Self::Import => "importing",
            Self::Move => "moving",
            Self::Forget => "forgetting",
            Self::NoOp => "checking",
            Self::Other(word) => word,
        }
    }

    /// What was done, after an address: `terraform_data.repo: created`.
    pub fn done(&self) -> &str {
        match self {
            Self::Create => "created",
            Self::Update => "changed",
            Self::Replace => "replaced",
            Self::Delete => "destroyed",
            Self::Read => "read",
            Self::Import => "imported",
            Self::Move => "moved",
            Self::Forget => "forgotten",
            Self::NoOp => "checked",
            Self::Other(word) => word,
        }
    }

    /// Whether something that exists is lost.
    pub fn loses(&self) -> bool {
        matches!(self, Self::Delete | Self::Replace)
    }
}
