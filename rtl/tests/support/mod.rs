//! What several tests of this crate share.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]
#![allow(dead_code, reason = "each test uses a part of it")]

use rust_hdl::core::atom::{Atom, AtomKind};
use rust_hdl::core::block::Block;
use rust_hdl::core::probe::Probe;

/// Lets combinational logic settle.
pub fn settle(block: &mut dyn Block) {
    for _ in 0..100 {
        block.update_all();
        if !block.has_changed() {
            return;
        }
    }
    panic!("the block does not settle");
}

/// Name, bits and value of every port of one direction of the top block, in order.
pub fn ports(block: &dyn Block, direction: AtomKind) -> Vec<(String, usize, u128)> {
    struct Ports(usize, AtomKind, Vec<(String, usize, u128)>);
    impl Probe for Ports {
        fn visit_start_scope(&mut self, _name: &str, _node: &dyn Block) {
            self.0 += 1;
        }
        fn visit_end_scope(&mut self, _name: &str, _node: &dyn Block) {
            self.0 -= 1;
        }
        fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
            if self.0 == 1 && signal.kind() == self.1 {
                let text = format!("{:x}", signal.verilog());
                let value = u128::from_str_radix(text.split_once("'h").unwrap().1, 16).unwrap();
                self.2.push((name.to_string(), signal.bits(), value));
            }
        }
    }
    let mut found = Ports(0, direction, Vec::new());
    block.accept("top", &mut found);
    found.2
}
