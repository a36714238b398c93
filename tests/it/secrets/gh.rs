//! The same secret by GitHub's own program and by ours: both boxes are opened, and ours holds every byte.

use std::io::Write as _;
use std::process::Stdio;

use super::Shop;
use crate::harness::needs;
use crate::harness::tools::python_with;
use crate::harness::vendors::github::GitHub;

/// With a final newline, which `gh` drops (`seeds.md` R45).
const HOST: &str = "203.0.113.7\n";

/// Opens the box of three lines of hex on its standard input: the box, the public and the private key.
const OPEN: &str = "
import sys
from nacl.bindings import crypto_box_seal_open
sealed, public, private = (bytes.fromhex(line.strip()) for line in sys.stdin)
sys.stdout.buffer.write(crypto_box_seal_open(sealed, public, private))
";

#[test]
fn libsodium_opens_our_boxes() {
    needs!("libsodium");
    let shop = Shop::github();
    shop.space.write(".host", HOST);
    shop.run("secrets push --yes --confirm prod").exits(0);
    let files = [("HOST", HOST.as_bytes().to_vec()), ("PROD_DJANGO", encoded(super::DJANGO))];
    for (name, source) in files {
        let parts = shop.forge.vendor(|github| github.vault("ada/shop", Some("prod")).sealed(name));
        let hex = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let lines = parts.iter().map(|part| hex(part) + "\n").collect::<String>();
        let mut python = std::process::Command::new(python_with("nacl").unwrap());
        python.args(["-c", OPEN]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut python = python.spawn().unwrap();
        python.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        let output = python.wait_with_output().unwrap();
        assert!(output.status.success() && output.stdout == source, "{name}");
    }
}

fn encoded(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text).into_bytes()
}

#[test]
fn our_boxes_hold_what_ghs_hold_and_the_final_newline_too() {
    needs!("gh");
    let mut shop = Shop::github();
    shop.space.write(".host", HOST);
    let (host, token) = (shop.forge.host(), shop.forge.vendor(|github| github.token.clone()));
    shop.set([("GH_HOST".to_owned(), host.clone()), ("GH_ENTERPRISE_TOKEN".to_owned(), token)]);
    shop.run("secrets push HOST -e prod --yes --confirm prod").exits(0);
    let open = |shop: &Shop<GitHub>, name: &str| {
        shop.forge.vendor(|github| github.vault("ada/shop", Some("prod")).open(name)).unwrap()
    };
    assert_eq!(open(&shop, "HOST"), HOST.as_bytes());

    let mut gh = shop.space.program("gh");
    gh.args(["secret", "set", "BY_GH", "--env", "prod", "-R"]).arg(format!("{host}/ada/shop"));
    let mut gh = gh.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    gh.stdin.take().unwrap().write_all(HOST.as_bytes()).unwrap();
    let output = gh.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(open(&shop, "BY_GH"), HOST.trim_end().as_bytes());
}
