//! The forty secrets: what shape each has, and where it is planted.

/// Where a secret is planted. What is planted in one place goes on to others: into terraform, a forge, a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// `[vars]`, `secret = true`, from a variable of the caller's environment.
    VarEnv,
    /// The same from a command.
    VarShell,
    /// The same, typed.
    VarPrompt,
    /// The same, given as `NAME=value` on the command line.
    VarOverride,
    /// `[project] dotenv`, with the line as it stands there.
    Dotenv(&'static str),
    /// `[env_files]`, with the line as it stands there.
    EnvFile(&'static str),
    /// `[secrets]`, from the environment, a file, a file that is no text, and a command.
    SecretEnv,
    SecretFile,
    SecretBinary,
    SecretShell,
    /// A variable file of a workspace whose variable is sensitive.
    VarFile,
    /// A sensitive output, whole and inside of a map.
    Output,
    DeepOutput,
    /// A vendor's token, and what a vendor answers.
    GitHubToken,
    GitLabToken,
    CloudToken,
    /// A token that terraform takes from its environment.
    TerraformToken,
    DatabasePassword,
    ForgeVariable,
}

/// One planted secret.
#[derive(Clone, Debug)]
pub(super) struct Canary {
    pub(super) name: &'static str,
    pub(super) value: Vec<u8>,
    pub(super) source: Source,
}

impl Canary {
    /// The value, where it is text.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.value).unwrap()
    }

    /// Its name in `[vars]`, and of files that hold it.
    pub(super) fn small(&self) -> String {
        self.name.to_ascii_lowercase()
    }

    /// The variable that tasks get it in, if they do.
    pub(super) fn is_variable(&self) -> bool {
        matches!(self.source, Source::VarEnv | Source::VarShell)
    }

    /// Whether it is one of `[secrets]`.
    pub(super) fn is_secret(&self) -> bool {
        matches!(
            self.source,
            Source::SecretEnv | Source::SecretFile | Source::SecretBinary | Source::SecretShell
        )
    }
}

/// Name, shape and source. `§` is replaced by ten letters and digits that stand nowhere else, another time by others.
const SHAPES: [(&str, &str, Source); 40] = [
    ("FOUR_BYTES", "^#~#", Source::VarEnv),
    ("EIGHT_BYTES", "########", Source::VarEnv),
    ("SIXTEEN_BYTES", "################", Source::VarEnv),
    ("SIXTY_FOUR_BYTES", "§§§§§§####", Source::VarEnv),
    ("SINGLE_QUOTES", "it's '§' quoted", Source::VarEnv),
    ("DOUBLE_QUOTES", "say \"§\" twice \"", Source::VarEnv),
    ("DOLLARS", "$§$HOME${x}`y`", Source::VarEnv),
    ("BACKSLASHES", "\\§\\n\\\\§", Source::VarEnv),
    ("SPACES", "two words § and more", Source::VarEnv),
    ("PERCENTS", "100%§%20%zz", Source::VarEnv),
    ("AMPERSANDS", "a=1&b=§&c<d>", Source::VarEnv),
    ("PLUSES", "+§+/+", Source::VarEnv),
    ("SLASHES", "/§/path/§==", Source::SecretEnv),
    ("ACCENTS", "ünïcödé-§-ß", Source::VarEnv),
    ("EMOJI", "🔑§🚢", Source::SecretShell),
    ("TABS", "tab\t§\tend", Source::VarEnv),
    ("CONTROLS", "\u{1}§\u{1b}[31m\u{7f}", Source::VarEnv),
    ("JSON", "{\"key\": \"§\", \"n\": [1, 2]}", Source::SecretEnv),
    ("USER_INFO", "https://ada:§@host.example/path?x=1", Source::VarEnv),
    ("PEM", "-----BEGIN KEY-----\n§§§§\n§§§§\n§§\n-----END KEY-----\n", Source::VarShell),
    ("BASE64", "QWxhZGRpbg§==", Source::VarEnv),
    ("HEX", "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%", Source::VarEnv),
    ("TRAILING_NEWLINE", "§-line\n", Source::SecretFile),
    ("CRLF", "first-§\r\nsecond-§\r\n", Source::SecretFile),
    ("LONG", "", Source::VarShell),
    ("BLANKS", "  §  ", Source::VarEnv),
    ("PREFIX", "Pre-§", Source::VarEnv),
    ("PREFIX_LONGER", "", Source::VarEnv),
    ("BINARY", "", Source::SecretBinary),
    ("NUMBER", "8!!!!!!!!!!!", Source::EnvFile("NUMBER_KEY=V\r\n")),
    ("QUOTED_TWICE", "one \\\"§\\\" # two", Source::EnvFile("QUOTED=\"V\"\n")),
    ("LISTED_WORD", "&&&&&&&&&&&&", Source::EnvFile("GREETING=V # said aloud\n")),
    ("DSN", "postgres://app:§@db:5432/app?sslmode=require", Source::EnvFile("DATABASE_URL=V")),
    ("QUOTED_ONCE", "single # § \"quoted\"", Source::Dotenv("export ONCE='V'\n")),
    ("BARE", "hunter-§-9x", Source::Dotenv("BARE = V # a comment\n")),
    ("OVERRIDDEN", "typed-§!", Source::VarOverride),
    ("SPOKEN", "spoken-§", Source::VarPrompt),
    ("HIDDEN_OUTPUT", "0utput<§>&more", Source::Output),
    ("IN_VAR_FILE", "tfv@r-§", Source::VarFile),
    ("DATABASE_PASSWORD", "d0+§/word", Source::DatabasePassword),
];

/// Beside the forty: the tokens, without which no vendor answers, and what is found where a vendor is asked.
const OTHERS: [(&str, &str, Source); 6] = [
    ("GITHUB_TOKEN", "ghp_§§", Source::GitHubToken),
    ("GITLAB_TOKEN", "glpat-§§", Source::GitLabToken),
    ("CLOUD_TOKEN", "dop_v1_§§", Source::CloudToken),
    ("TERRAFORM_TOKEN", "hcp.atlasv1.§§", Source::TerraformToken),
    ("FORGE_VARIABLE", "theirs-§", Source::ForgeVariable),
    ("DEEP_OUTPUT", "deep-§", Source::DeepOutput),
];

/// Numbers that only look random.
struct Numbers(blake3::OutputReader);

impl Numbers {
    fn pick(&mut self, among: &[u8]) -> char {
        let mut byte = [0];
        self.0.fill(&mut byte);
        char::from(among[usize::from(byte[0]) % among.len()])
    }

    fn filled(&mut self, shape: &str) -> String {
        const MIXED: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
        let mut text = String::new();
        for character in shape.chars() {
            match character {
                '§' => text.extend((0..10).map(|_| self.pick(MIXED))),
                other => text.push(other),
            }
        }
        text
    }

    fn replaced(&mut self, shape: &str, mark: char, among: &[u8]) -> String {
        shape.chars().map(|it| if it == mark { self.pick(among) } else { it }).collect()
    }
}

/// All of them, other ones for each `group` and each process: tests that run at the same time see each other's command lines.
pub(super) fn canaries(group: &str) -> Vec<Canary> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(group.as_bytes());
    hasher.update(&std::process::id().to_le_bytes());
    hasher.update(format!("{:?}", std::time::SystemTime::now()).as_bytes());
    let mut numbers = Numbers(hasher.finalize_xof());
    let mut all: Vec<Canary> = Vec::new();
    for (name, shape, source) in SHAPES.into_iter().chain(OTHERS) {
        let value = match name {
            "FOUR_BYTES" | "EIGHT_BYTES" | "SIXTEEN_BYTES" | "SIXTY_FOUR_BYTES" => {
                let text = numbers.filled(shape);
                numbers.replaced(&text, '#', b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789").into_bytes()
            }
            "HEX" => numbers.replaced(shape, '%', b"0123456789abcdef").into_bytes(),
            "NUMBER" => numbers.replaced(shape, '!', b"123456789").into_bytes(),
            // Nothing tells it from a word of a language but that `mask` names its key.
            "LISTED_WORD" => numbers.replaced(shape, '&', b"bcdfghjklmnpqrstvwxz").into_bytes(),
            "LONG" => numbers.filled(&"§".repeat(3_000)).into_bytes(),
            "PREFIX_LONGER" => {
                let shorter = all.iter().find(|it| it.name == "PREFIX").unwrap().text().to_owned();
                format!("{shorter}{}", numbers.filled("-and-more-§")).into_bytes()
            }
            "BINARY" => {
                let mut bytes = vec![0; 90];
                numbers.0.fill(&mut bytes);
                [&b"\xff\0\xfe"[..], &bytes].concat()
            }
            _ => numbers.filled(shape).into_bytes(),
        };
        all.push(Canary { name, value, source });
    }
    all
}
