//! The same secret by GitHub's own program and by ours: both boxes are opened, and ours holds every byte.

use std::io::Write as _;
use std::process::Stdio;

use super::Shop;
use crate::harness::needs;
use crate::harness::vendors::github::GitHub;

/// With a final newline, which `gh` drops (`seeds.md` R45).
const HOST: &str = "203.0.113.7\n";

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
