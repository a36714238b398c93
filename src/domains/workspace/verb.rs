//! What can be done with workspaces, in words.

/// What can be done with workspaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `init-NAME`.
    Init,
    /// `validate-NAME`.
    Validate,
    /// `fmt-NAME`.
    Fmt,
    /// `update-NAME`: modules anew.
    Update,
    /// `plan-NAME`.
    Plan,
    /// `apply-NAME`: it alone.
    Apply,
    /// `output-NAME`.
    Output,
    /// `destroy-NAME`: it alone.
    Destroy,
    /// `clean-NAME`: what init left in its folder.
    Clean,
    /// `plan`: with all that it needs, as it will be.
    Preview,
    /// `drift`.
    Drift,
    /// `up`: with all that it needs.
    Up,
    /// `down`: all of them in reverse.
    Down,
    /// `status`.
    Status,
    /// `attach --run`: what a dead run left running.
    Attach,
}

impl Verb {
    /// The verbs of which each workspace has a task, in the order of help.
    pub const GENERATED: [Self; 9] = [
        Self::Init,
        Self::Validate,
        Self::Fmt,
        Self::Update,
        Self::Plan,
        Self::Apply,
        Self::Output,
        Self::Destroy,
        Self::Clean,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Validate => "validate",
            Self::Fmt => "fmt",
            Self::Update => "update",
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Output => "output",
            Self::Destroy => "destroy",
            Self::Clean => "clean",
            Self::Preview => "plan",
            Self::Drift => "drift",
            Self::Up => "up",
            Self::Down => "down",
            Self::Status => "status",
            Self::Attach => "attach",
        }
    }

    /// One line for lists.
    pub fn describes(self, workspace: &str) -> String {
        match self {
            Self::Init => format!("Initialise {workspace}"),
            Self::Validate => format!("Check the configuration of {workspace}"),
            Self::Fmt => format!("Format the configuration of {workspace}"),
            Self::Update => format!("Fetch the modules of {workspace} anew"),
            Self::Plan => format!("Show what an apply of {workspace} would do"),
            Self::Apply => format!("Plan {workspace}, ask, and apply exactly that plan"),
            Self::Output => format!("Print the outputs of {workspace}"),
            Self::Destroy => format!("Plan the destruction of {workspace}, ask, and destroy it"),
            Self::Clean => format!("Remove what init left in the folder of {workspace}"),
            Self::Preview => format!("Show what an `up` of {workspace} would do"),
            Self::Drift => format!("Look whether somebody changed {workspace}"),
            Self::Up => format!("Apply {workspace} with all that it needs, in order"),
            Self::Down => format!("Destroy {workspace} in reverse order"),
            Self::Status => format!("Show the state of {workspace}"),
            Self::Attach => format!("Follow what still runs in {workspace}"),
        }
    }
}
