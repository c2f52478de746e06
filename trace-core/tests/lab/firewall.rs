//! Rules for a machine's packets.

use std::io::Write as _;
use std::process::Stdio;

use super::{Node, skip, tool};

/// Loads rules of `nft` into a machine; `false`, and a word on stderr, where there is no such program.
pub(crate) fn nft(node: &Node, rules: &str) -> bool {
    if tool("nft").arg("--version").output().is_err() {
        skip("no program nft: apt-get install nftables");
        return false;
    }
    node.enter(|| {
        let mut child = tool("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().expect("start nft");
        child.stdin.take().expect("nft's input").write_all(rules.as_bytes()).expect("write to nft");
        assert!(child.wait().expect("wait for nft").success(), "nft refuses {rules}");
    });
    true
}
