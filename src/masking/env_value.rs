//! Which values of an env file are secrets.
//!
//! Nobody declares the lines of an env file, and yet most of what must not be shown stands there. Both
//! mistakes cost: a secret that is shown is lost, and a word such as `production` that is masked makes the
//! log unreadable. So keys decide first, and of the other values those are let through that look like
//! something a person would say aloud.
//!
//! Between the two stands `POSTGRES_PASSWORD=postgres`. By its key it is a secret; but it is also the name of the
//! service, the user, the database and the image, so that masking it would take `postgres` out of every
//! address, event and log, and what is left would tell it all the same: whoever sees `***:5432` knows the
//! word. Such a value is `TooWeak`: it is not masked, and who checks env files says so, for it protects nothing.
//! Who wants it masked all the same lists its key under `mask`.

use super::forms::SHORTEST_SECRET;

/// What a key says that holds a secret. A part of a word is enough (`APIKEY`); what it catches wrongly
/// (`MONKEY`) goes into `public`.
const TELLING: [&str; 6] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL"];

/// Switches, which say nothing even under `DISABLE_TOKENS`, and which masked would take `true` out of every
/// log.
const SWITCHES: [&str; 10] = ["true", "false", "none", "null", "yes", "no", "on", "off", "1", "0"];

/// Values shorter than this are secrets only by their key.
const SHORTEST_UNDECLARED: usize = 8;

/// A word or a number of up to so many bytes is no secret whatever its key says: `web`, `5432`, `postgres`. A longer
/// one may be a password that somebody made of letters alone, and stands in few logs by chance.
const LONGEST_WEAK: usize = 8;

/// What parts of a project and its environments are called, where it is longer than that.
const PARTS: [&str; 9] = [
    "postgresql",
    "production",
    "development",
    "localhost",
    "gunicorn",
    "rabbitmq",
    "opensearch",
    "elasticsearch",
    "administrator",
];

/// Longer runs of letters are no word of any language that file names and hosts are made of.
const LONGEST_WORD: usize = 20;

/// A piece of a URL's path or query that is at least so long, and has letters and digits, is a capability (a
/// web hook, a signed link).
const SHORTEST_CAPABILITY: usize = 20;

/// What is done about a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvValue {
    /// It may be shown.
    Public,
    /// It is masked.
    Secret,
    /// It is a secret by its key, and yet not masked: it is shorter than `SHORTEST_SECRET`, or it is a word or a
    /// number that stands in every log.
    TooWeak,
}

/// What the value `value` of the env-file key `key` is; `mask` and `public` are lists of keys that decide it,
/// `mask` before `public`.
///
/// Else it is a secret when the key says KEY, TOKEN, SECRET, PASSWORD, PASSWD or CREDENTIAL and the value is no
/// switch, or when it has 8 bytes or more and is neither a number, nor plain words, nor a URL without user
/// info. Plain words are what hosts, paths, regions and module names consist of: `production`,
/// `django.settings.production`, `eu-central-1`, `/app/media`, `me@example.com`, `db.example.com:5432`.
///
/// A secret by its key is too weak when it is one plain word or number of up to 8 bytes, or one of the longer
/// words that the parts of a project are called by.
pub fn env_value(key: &str, value: &[u8], mask: &[String], public: &[String]) -> EnvValue {
    let listed = |keys: &[String]| keys.iter().any(|listed| listed == key);
    let can_be_masked = value.trim_ascii().len() >= SHORTEST_SECRET;
    let text = std::str::from_utf8(value).ok();
    if value.is_empty() {
        EnvValue::Public
    } else if listed(mask) {
        if can_be_masked { EnvValue::Secret } else { EnvValue::TooWeak }
    } else if listed(public) {
        EnvValue::Public
    } else if is_telling(key) {
        match text {
            Some(text) if SWITCHES.iter().any(|word| text.eq_ignore_ascii_case(word)) => EnvValue::Public,
            Some(text) if is_in_every_log(text) => EnvValue::TooWeak,
            _ if can_be_masked => EnvValue::Secret,
            _ => EnvValue::TooWeak,
        }
    } else if value.len() >= SHORTEST_UNDECLARED && !text.is_some_and(is_ordinary) {
        EnvValue::Secret
    } else {
        EnvValue::Public
    }
}

/// Whether `env_value` says that it is masked.
pub fn env_value_is_secret(key: &str, value: &[u8], mask: &[String], public: &[String]) -> bool {
    env_value(key, value, mask, public) == EnvValue::Secret
}

fn is_telling(key: &str) -> bool {
    let upper = key.to_ascii_uppercase();
    TELLING.iter().any(|word| upper.contains(word))
}

/// A word or a number that is in logs whoever's secret it is.
fn is_in_every_log(text: &str) -> bool {
    let text = text.trim();
    text.len() <= LONGEST_WEAK && (is_word(text) || is_digits(text))
        || PARTS.iter().any(|part| text.eq_ignore_ascii_case(part))
}

fn is_ordinary(text: &str) -> bool {
    text.parse::<f64>().is_ok() || is_plain_url(text) || is_plain(text)
}

/// Words and numbers with `.`, `-`, `_`, `/`, `,` or `*` between them, perhaps with a port at the end or one `@`
/// inside.
fn is_plain(text: &str) -> bool {
    let text = match text.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host,
        Some(_) => return false,
        None => text,
    };
    let parts: Vec<&str> =
        text.split(['.', '-', '_', '/', ',', '*', '@']).filter(|part| !part.is_empty()).collect();
    text.matches('@').count() <= 1
        && !parts.is_empty()
        && parts.iter().all(|part| is_word(part) || is_digits(part) || (parts.len() > 1 && is_numbered(part)))
}

fn is_port(text: &str) -> bool {
    is_digits(text) && text.len() <= 5
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Letters in one case, the first of which may be a capital. Letters in mixed case are as likely a password.
fn is_word(text: &str) -> bool {
    let [first, rest @ ..] = text.as_bytes() else { return false };
    text.len() <= LONGEST_WORD
        && first.is_ascii_alphabetic()
        && (rest.iter().all(u8::is_ascii_lowercase) || text.bytes().all(|byte| byte.is_ascii_uppercase()))
}

/// `central1`, `db01`: a part of a host or a region. As a whole value it is refused, for `hunter22` looks the
/// same.
fn is_numbered(text: &str) -> bool {
    let word = text.trim_end_matches(|character: char| character.is_ascii_digit());
    is_word(word) && text.len() - word.len() <= 2
}

/// `scheme://host/…` without user info, and without a long random piece that is itself the right to use it.
fn is_plain_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let scheme_is_one = !scheme.is_empty()
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    scheme_is_one && !authority.contains('@') && !path.split(['/', '?', '&', '=', '#']).any(is_capability)
}

fn is_capability(piece: &str) -> bool {
    piece.len() >= SHORTEST_CAPABILITY
        && piece.bytes().any(|byte| byte.is_ascii_alphabetic())
        && piece.bytes().any(|byte| byte.is_ascii_digit())
        && !is_plain(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_secret(key: &str, value: &str) -> bool {
        env_value_is_secret(key, value.as_bytes(), &[], &[])
    }

    #[test]
    fn a_telling_key_makes_any_value_a_secret() {
        for key in [
            "DJANGO_SECRET_KEY",
            "API_TOKEN",
            "client_secret",
            "POSTGRES_PASSWORD",
            "MYSQL_PASSWD",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "APIKEY",
        ] {
            assert!(is_secret(key, "w0rd"), "{key}");
        }
        assert!(!is_secret("POSTGRES_USER", "w0rd"));
    }

    #[test]
    fn a_switch_or_nothing_is_no_secret_whatever_its_key() {
        assert!(!is_secret("DISABLE_TOKENS", "true"));
        assert!(!is_secret("DISABLE_TOKENS", "False"));
        assert!(!is_secret("DISABLE_TOKENS", "1"));
        assert!(!is_secret("SECRET_KEY", ""));
    }

    #[test]
    fn a_word_that_stands_in_every_log_is_too_weak_a_secret() {
        let of = |key: &str, value: &str| env_value(key, value.as_bytes(), &[], &[]);
        for value in [
            "postgres",
            "web",
            "Admin",
            "SECRET",
            "5432",
            "12345678",
            "production",
            "POSTGRESQL",
            "x1",
            "ab\n",
        ] {
            assert_eq!(of("POSTGRES_PASSWORD", value), EnvValue::TooWeak, "{value}");
            assert_eq!(of("POSTGRES_DB", value), EnvValue::Public, "{value}");
        }
        for value in ["hunter2", "sunflowers", "aBcDeF", "123456789", "pass-word", "django_doge_app", "pöst"]
        {
            assert_eq!(of("POSTGRES_PASSWORD", value), EnvValue::Secret, "{value}");
        }
        assert_eq!(of("DISABLE_TOKENS", "True"), EnvValue::Public);
    }

    #[test]
    fn ordinary_words_and_numbers_leave_texts_as_they_are() {
        let file = "DEBUG=True\nPORT=5432\nPOSTGRES_DB=postgres\nSERVICE=web\nDJANGO_ENV=production\nWORKERS=4\n\
                    POSTGRES_HOST=postgres\nPOSTGRES_PASSWORD=postgres\nSECRET_PORT=5432\nAPI_KEY=web\nTOKEN=production\n\
                    DJANGO_SETTINGS_MODULE=config.settings.production\nREDIS_URL=redis://redis:6379/0\nREAL_TOKEN=aB3dE5fG7h\n";
        let masker = crate::masking::Masker::default();
        for (key, value) in crate::masking::dotenv_values(file.as_bytes()) {
            if env_value_is_secret(&key, &value, &[], &[]) {
                masker.add(&value);
            }
        }
        let log = "True 5432 postgres web production 4 postgres:5432 config.settings.production redis://redis:6379/0";
        assert_eq!(masker.mask(log), log);
        assert_eq!(masker.mask("aB3dE5fG7h"), crate::masking::MASK);
    }

    #[test]
    fn what_a_person_would_say_aloud_is_no_secret() {
        for value in [
            "production",
            "PRODUCTION",
            "Production",
            "django.settings.production",
            "config.settings.base",
            "example.com",
            ".example.com",
            "*.example.com,localhost",
            "en_US.UTF-8",
            "Europe/Berlin",
            "db01.internal.example.com:25060",
            "eu-central-1",
            "us-east1",
            "django_doge_app",
            "/app/staticfiles/",
            "localhost,127.0.0.1",
            "0.0.0.0:8000",
            "noreply@example.com",
            "12345678",
            "-1234567.25",
            "2024-01-02",
            "https://example.com/path?page=2",
            "https://d1a2b3c4e5f6.cloudfront.net",
            "redis://redis:6379/0",
            "https://example.com/media/archive-of-the-year-2024/index.html",
        ] {
            assert!(!is_secret("VALUE", value), "{value}");
        }
    }

    #[test]
    fn what_nobody_would_say_aloud_is_a_secret() {
        for value in [
            "aB3dE5fG7h",
            "hunter22",
            "aBcDeFgHiJ",
            "correct horse battery staple",
            "qwmzkdhfaplqoeirutnyx",
            "admin:hunter",
            "admin:123456",
            "postgres:hunter@db",
            "550e8400-e29b-41d4-a716-446655440000",
            "AKIAIOSFODNN7EXAMPLE",
            "p@ssw@rd",
            "--------",
            "pässword",
            "éAB3x9QZ-7",
            "postgres://user:password@db:5432/app",
            "https://key@sentry.io/1",
            "https://hooks.slack.com/services/T00000000/B00000000/aB3dE5fG7hI9jK1lM3nO5pQ7",
            "https://example.com/x?signature=0123456789abcdef0123456789abcdef",
            "a b://example.com",
        ] {
            assert!(is_secret("VALUE", value), "{value}");
        }
        assert!(env_value_is_secret("VALUE", b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", &[], &[]));
    }

    #[test]
    fn short_values_are_secrets_only_by_their_key() {
        assert!(!is_secret("VALUE", "aB3dE5f"));
        assert!(is_secret("VALUE_KEY", "aB3dE5f"));
    }

    #[test]
    fn the_lists_decide_before_the_rules_and_mask_before_public() {
        let list = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        assert!(env_value_is_secret("REGION", b"fra1", &list(&["REGION"]), &[]));
        assert!(!env_value_is_secret("PUBLIC_KEY", b"aB3dE5fG7h", &[], &list(&["PUBLIC_KEY"])));
        assert!(env_value_is_secret("A", b"true", &list(&["A"]), &list(&["A"])));
        assert!(env_value_is_secret("A_KEY", b"postgres", &list(&["A_KEY"]), &[]));
        assert_eq!(env_value("A", b"abc", &list(&["A"]), &[]), EnvValue::TooWeak);
        assert_eq!(env_value("A_KEY", b"postgres", &[], &list(&["A_KEY"])), EnvValue::Public);
        assert!(!env_value_is_secret("REGION", b"fra1", &list(&["region"]), &[]));
    }
}
