//! Who asks, and whom: the token and the base address, from the environment.

use std::fmt;

use super::Vendor;
use super::url::{is_loopback, origin};
use crate::diagnostic::{Fault, FaultKind};
use crate::masking::Secret;
use crate::os::environment::Environment;
use crate::text::list;

/// A token, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token.
    pub secret: Secret,
    /// Where it comes from, for messages.
    pub source: TokenSource,
}

/// Where a token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// A variable.
    Variable(String),
    /// A command's output: `gh auth token`.
    Command(String),
}

impl fmt::Display for TokenSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(formatter, "`{name}`"),
            Self::Command(line) => write!(formatter, "`{line}`"),
        }
    }
}

/// Where a vendor is asked, and as whom.
#[derive(Clone, Debug)]
pub struct Access {
    /// The vendor.
    pub vendor: &'static Vendor,
    /// The base address, without a `/` at its end.
    pub base: String,
    /// The token.
    pub token: Token,
}

/// There is no access.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// No variable holds a token.
    #[error("no token for {vendor}")]
    NoToken {
        /// The vendor's name.
        vendor: &'static str,
        /// Where it was looked for.
        variables: &'static [&'static str],
        /// How one gets a token.
        new_token: &'static str,
    },
    /// The base address is none.
    #[error("`{variable}` holds no address that {vendor} could be asked at: {why}")]
    Base {
        /// The vendor's name.
        vendor: &'static str,
        /// The variable.
        variable: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Token {
    /// The first of `variables` that is set and not empty; blanks around the token are no part of it.
    pub fn from_environment(environment: &Environment, variables: &[&str]) -> Option<Self> {
        variables.iter().find_map(|name| {
            let value = environment.get(name)?.trim();
            let source = TokenSource::Variable((*name).to_owned());
            (!value.is_empty()).then(|| Self { secret: Secret::new(value), source })
        })
    }

    /// What the command `line` printed; `None`: nothing.
    pub fn from_output(output: &str, line: &str) -> Option<Self> {
        let source = TokenSource::Command(line.to_owned());
        Some(output.trim())
            .filter(|token| !token.is_empty())
            .map(|token| Self { secret: Secret::new(token), source })
    }
}

impl Access {
    /// With the token and the base address that `environment` names.
    pub fn gather(vendor: &'static Vendor, environment: &Environment) -> Result<Self, AccessError> {
        let missing = AccessError::NoToken {
            vendor: vendor.name,
            variables: vendor.token_variables,
            new_token: vendor.new_token,
        };
        let token = Token::from_environment(environment, vendor.token_variables).ok_or(missing)?;
        Self::with_token(vendor, environment, token)
    }

    /// With the token of the environment, or else the one that `signed_in` finds; at `api` of the tasks file's `[forge]`, or else where
    /// `environment` says.
    pub fn of_forge(
        vendor: &'static Vendor,
        environment: &Environment,
        api: Option<&str>,
        signed_in: impl FnOnce() -> Result<Option<Token>, Fault>,
    ) -> Result<Self, Fault> {
        let mut token = Token::from_environment(environment, vendor.token_variables);
        if token.is_none() && vendor.sign_in.is_some() {
            token = signed_in()?;
        }
        let token = token.ok_or_else(|| {
            let missing = Fault::from(&AccessError::NoToken {
                vendor: vendor.name,
                variables: vendor.token_variables,
                new_token: vendor.new_token,
            });
            match vendor.sign_in {
                Some(line) => {
                    missing.hint(format!("or sign in once with {}'s own program: `{line}`", vendor.name))
                }
                None => missing,
            }
        })?;
        let access = match api {
            Some(api) => Self::at(vendor, api, "api of [forge]", token),
            None => Self::with_token(vendor, environment, token),
        };
        access.map_err(|error| Fault::from(&error))
    }

    /// The host that is asked, with its port where one is named.
    pub fn host(&self) -> &str {
        let rest = self.base.split_once("://").map_or(self.base.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }

    /// With a token that is known, and the base address that `environment` names.
    pub fn with_token(
        vendor: &'static Vendor,
        environment: &Environment,
        token: Token,
    ) -> Result<Self, AccessError> {
        let named = environment.get(vendor.base_variable).filter(|base| !base.trim().is_empty());
        Self::at(vendor, named.unwrap_or(vendor.default_base), vendor.base_variable, token)
    }

    /// At `base`, which `variable` or something else of that name says.
    ///
    /// It has to be https, for the token goes there; but for this machine, which hears it anyway.
    pub fn at(
        vendor: &'static Vendor,
        base: &str,
        variable: &str,
        token: Token,
    ) -> Result<Self, AccessError> {
        let base = base.trim().trim_end_matches('/');
        let wrong = |why| AccessError::Base { vendor: vendor.name, variable: variable.to_owned(), why };
        let (origin, rest) = origin(base).ok_or(wrong("it is no URL"))?;
        if origin.contains('@') || rest.contains(['?', '#', '\\']) || origin.contains(char::is_whitespace) {
            return Err(wrong("only scheme, host, port and path belong there"));
        }
        let is_private =
            origin.starts_with("https://") || origin.starts_with("http://") && is_loopback(&origin);
        if !is_private {
            return Err(wrong("it has to begin with https://, or others could read the token"));
        }
        Ok(Self { vendor, base: base.to_owned(), token })
    }
}

impl From<&AccessError> for Fault {
    fn from(error: &AccessError) -> Self {
        let fault = Fault::new(FaultKind::World, error.to_string());
        match error {
            AccessError::NoToken { variables, new_token, .. } => {
                fault.hint(format!("set {}", list::or_ticked(variables))).hint((*new_token).to_owned())
            }
            AccessError::Base { variable, .. } => fault.hint(format!("correct `{variable}`, or unset it")),
        }
    }
}
