//! Reads a block through rust-hdl's probe into a tree of instances.

use rust_hdl::core::ast::Verilog;
use rust_hdl::core::atom::{Atom, AtomKind};
use rust_hdl::core::block::Block;
use rust_hdl::core::probe::Probe;
use rust_hdl::core::type_descriptor::{TypeDescriptor, TypeKind};

/// A port, local signal or constant.
pub(super) struct AtomInfo {
    pub name: String,
    pub width: usize,
    pub kind: AtomKind,
    /// Value in rust-hdl's form, as in `8'h2a`; has a value for constants only.
    pub literal: String,
    pub signed: bool,
}

/// One value of an enumeration, as in (`St::Idle`, 0).
pub(super) struct Variant {
    pub name: String,
    pub width: usize,
    pub value: usize,
}

/// One instance of a block.
pub(super) struct Node {
    pub name: String,
    pub path: String,
    pub atoms: Vec<AtomInfo>,
    pub variants: Vec<Variant>,
    pub children: Vec<Node>,
    pub code: Verilog,
    namespace: Vec<String>,
}

#[derive(Default)]
struct Collector {
    open: Vec<Node>,
    top: Option<Node>,
}

impl Node {
    fn add_variants(&mut self, descriptor: &TypeDescriptor) {
        match &descriptor.kind {
            TypeKind::Enum(names) => {
                let width = rust_hdl::core::bits::clog2(names.len());
                for (value, name) in names.iter().enumerate() {
                    if !self.variants.iter().any(|v| v.name == *name) {
                        self.variants.push(Variant { name: name.clone(), width, value });
                    }
                }
            }
            TypeKind::Composite(fields) => fields.iter().for_each(|f| self.add_variants(&f.kind)),
            TypeKind::Bits(_) | TypeKind::Signed(_) => {}
        }
    }
}

impl Probe for Collector {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        let path = match self.open.last() {
            Some(parent) => format!("{}.{name}", parent.path),
            None => name.to_string(),
        };
        self.open.push(Node {
            name: name.to_string(),
            path,
            atoms: Vec::new(),
            variants: Vec::new(),
            children: Vec::new(),
            code: node.hdl(),
            namespace: Vec::new(),
        });
    }

    fn visit_start_namespace(&mut self, name: &str, _node: &dyn Block) {
        if let Some(node) = self.open.last_mut() {
            node.namespace.push(name.to_string());
        }
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let descriptor = signal.descriptor();
        if let Some(node) = self.open.last_mut() {
            let mut parts = node.namespace.clone();
            parts.push(name.to_string());
            node.atoms.push(AtomInfo {
                name: parts.join("$"),
                width: signal.bits(),
                kind: signal.kind(),
                literal: format!("{:x}", signal.verilog()),
                signed: matches!(descriptor.kind, TypeKind::Signed(_)),
            });
            node.add_variants(&descriptor);
        }
        // A parent compares and assigns the states of its children's ports.
        let parent = self.open.len().checked_sub(2).and_then(|i| self.open.get_mut(i));
        if let Some(parent) = parent {
            parent.add_variants(&descriptor);
        }
    }

    fn visit_end_namespace(&mut self, _name: &str, _node: &dyn Block) {
        if let Some(node) = self.open.last_mut() {
            node.namespace.pop();
        }
    }

    fn visit_end_scope(&mut self, _name: &str, _node: &dyn Block) {
        if let Some(node) = self.open.pop() {
            match self.open.last_mut() {
                Some(parent) => parent.children.push(node),
                None => self.top = Some(node),
            }
        }
    }
}

/// The tree of instances under `block`, whose instance is called `name`.
pub(super) fn collect(block: &dyn Block, name: &str) -> Option<Node> {
    let mut collector = Collector::default();
    block.accept(name, &mut collector);
    collector.top
}
