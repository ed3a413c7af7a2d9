//! No two files import each other. A module and those that it declares are not two in this sense: the outer one names
//! what the inner ones offer, and they share its types.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};

/// Path of a module in its crate; empty for the root.
type ModulePath = Vec<String>;

/// Most re-exports that a name is followed through.
const MOST_STEPS: u32 = 16;

/// What is imported where.
struct Import {
    /// Module of the import, which may be inside a file.
    module: ModulePath,
    /// Path as it is written.
    path: Vec<String>,
    /// Name that it brings into the module; none inside of a function or in an expression.
    name: Option<String>,
}

/// The modules of a crate.
#[derive(Default)]
struct Modules {
    /// Files by module.
    files: BTreeMap<ModulePath, PathBuf>,
    /// For each module, also for one inside a file, the module of its file.
    owners: BTreeMap<ModulePath, ModulePath>,
    imports: Vec<Import>,
}

/// Collects imports and declared modules of a file.
struct Collector {
    module: ModulePath,
    /// Depth of blocks of code.
    depth: u32,
    imports: Vec<Import>,
    inline: Vec<ModulePath>,
    /// Modules in files of their own: name, and the file where it is named.
    declared: Vec<(String, Option<String>)>,
}

impl Collector {
    fn tree(&mut self, tree: &syn::UseTree, mut path: Vec<String>) {
        let name = match tree {
            syn::UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                return self.tree(&inner.tree, path);
            }
            syn::UseTree::Group(group) => return group.items.iter().for_each(|tree| self.tree(tree, path.clone())),
            // `self` names what is before it.
            syn::UseTree::Name(name) if name.ident == "self" => path.last().cloned(),
            syn::UseTree::Name(name) => {
                path.push(name.ident.to_string());
                Some(name.ident.to_string())
            }
            syn::UseTree::Rename(rename) => {
                path.push(rename.ident.to_string());
                Some(rename.rename.to_string())
            }
            _ => None,
        };
        let name = name.filter(|_| self.depth == 0);
        self.imports.push(Import { module: self.module.clone(), path, name });
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = item.ident.to_string();
        if item.content.is_none() {
            let is_path = |attribute: &&syn::Attribute| attribute.path().is_ident("path");
            let path = item.attrs.iter().find(is_path).and_then(|attribute| match &attribute.meta {
                syn::Meta::NameValue(value) => match &value.value {
                    syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
                    _ => None,
                },
                _ => None,
            });
            self.declared.push((name, path));
            return;
        }
        self.module.push(name);
        self.inline.push(self.module.clone());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.depth += 1;
        visit::visit_block(self, block);
        self.depth -= 1;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1 && ["crate", "super", "self"].contains(&names[0].as_str()) {
            self.imports.push(Import { module: self.module.clone(), path: names, name: None });
        }
        visit::visit_path(self, path);
    }
}

impl Modules {
    /// Reads the crate with this root file.
    fn of(root: &Path) -> Modules {
        let mut modules = Modules::default();
        modules.read(root, Vec::new());
        modules
    }

    fn read(&mut self, file: &Path, module: ModulePath) {
        let mut collector = Collector {
            module: module.clone(),
            depth: 0,
            imports: Vec::new(),
            inline: Vec::new(),
            declared: Vec::new(),
        };
        collector.visit_file(&super::parse(file));
        let Collector { imports, inline, declared, .. } = collector;
        self.imports.extend(imports);
        self.owners.extend(inline.into_iter().chain([module.clone()]).map(|path| (path, module.clone())));
        let folder = file.parent().unwrap_or(Path::new(""));
        let is_folder = module.is_empty() || file.file_name().is_some_and(|name| name == "mod.rs");
        let inner = if is_folder { folder.to_owned() } else { file.with_extension("") };
        for (name, path) in declared {
            let candidates = match path {
                Some(path) => vec![folder.join(path)],
                None => vec![inner.join(format!("{name}.rs")), inner.join(&name).join("mod.rs")],
            };
            if let Some(file) = candidates.iter().find(|file| file.is_file()) {
                self.read(file, [&module[..], &[name]].concat());
            }
        }
        self.files.insert(module, file.to_owned());
    }

    /// Returns the path from the root of the crate; `None` for what is in another crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<ModulePath> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module, rest].concat()),
            "super" => {
                let outer = module.split_last()?.1;
                match rest.first() {
                    Some(next) if next == "super" => self.absolute(outer, rest),
                    _ => Some([outer, rest].concat()),
                }
            }
            name => {
                let inner = [module, &[name.to_owned()]].concat();
                self.owners.contains_key(&inner).then(|| [module, path].concat())
            }
        }
    }

    /// Returns the module that has the item, through the names that modules bring in.
    fn resolve(&self, path: &[String], steps: u32) -> ModulePath {
        let known = (0..=path.len()).rev().find(|end| self.owners.contains_key(&path[..*end])).unwrap_or(0);
        let (module, rest) = path.split_at(known);
        if let (Some(first), true) = (rest.first(), steps < MOST_STEPS) {
            let brings = |import: &&Import| import.module == module && import.name.as_ref() == Some(first);
            let target = self.imports.iter().find(brings).and_then(|i| self.absolute(&i.module, &i.path));
            if let Some(target) = target.filter(|target| target[..] != path[..=known]) {
                return self.resolve(&[&target[..], &rest[1..]].concat(), steps + 1);
            }
        }
        self.owners[module].clone()
    }

    /// Returns the pairs of files that import each other.
    fn circles(&self) -> Vec<[&Path; 2]> {
        let edges: BTreeSet<(ModulePath, ModulePath)> = self
            .imports
            .iter()
            .filter_map(|import| {
                let path = self.absolute(&import.module, &import.path)?;
                Some((self.owners[&import.module].clone(), self.resolve(&path, 0)))
            })
            .collect();
        let is_circle = |(from, to): &&(ModulePath, ModulePath)| {
            let is_inside = from.starts_with(to) || to.starts_with(from);
            from < to && !is_inside && edges.contains(&(to.clone(), from.clone()))
        };
        edges.iter().filter(is_circle).map(|(from, to)| [&*self.files[from], &*self.files[to]]).collect()
    }
}

/// Whether the file is the root of a crate, a program, a test, a bench or an example.
fn is_root(file: &Path) -> bool {
    let parts: Vec<_> = file.iter().rev().filter_map(|part| part.to_str()).collect();
    let has_manifest = |levels: usize| file.ancestors().nth(levels).is_some_and(|up| up.join("Cargo.toml").is_file());
    match parts[..] {
        ["lib.rs" | "main.rs", "src", ..] => true,
        ["build.rs", ..] => has_manifest(1),
        [_, "tests" | "benches" | "examples", ..] => has_manifest(2),
        [_, "bin", "src", ..] => has_manifest(3),
        _ => false,
    }
}

#[test]
fn circle_is_found_through_names_that_modules_bring_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |files: &[(&str, &str)]| {
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
    };
    let names = || {
        let modules = Modules::of(&folder.path().join("lib.rs"));
        let name = |path: &Path| path.strip_prefix(folder.path()).expect("a file").display().to_string();
        modules.circles().into_iter().map(|pair| pair.map(name)).collect::<Vec<_>>()
    };
    write(&[
        ("lib.rs", "mod one; mod other; mod group; pub use other::Other; pub struct Shared;"),
        (
            "one.rs",
            "use crate::{Other, Shared}; #[cfg(test)] mod tests { use super::One; } pub struct One(Other, Shared);",
        ),
        (
            "other.rs",
            "pub struct Other; /// [`crate::one::One`]\npub fn text() -> &'static str { \"crate::one::One\" }",
        ),
        ("group/mod.rs", "mod inner; use inner::Inner; pub struct Outer(Inner);"),
        ("group/inner.rs", "use super::Outer; pub struct Inner(Option<Box<Outer>>);"),
    ]);
    assert_eq!(names(), Vec::<[String; 2]>::new());
    for text in [
        "use crate::one::One; pub struct Other(Option<Box<One>>);",
        "pub struct Other; fn f(_: super::one::One) {}",
        "pub struct Other; fn f() { use crate::one as name; name::g(); }",
        "pub struct Other; mod inner { use super::super::one::*; }",
    ] {
        write(&[("other.rs", text)]);
        assert_eq!(names(), [["one.rs", "other.rs"]], "{text}");
    }
}

#[test]
fn no_two_files_import_each_other() {
    let roots: Vec<_> = super::rust_files().into_iter().filter(|file| is_root(file)).collect();
    assert!(roots.len() > 50, "expected every crate and test, found {roots:?}");
    let crates: Vec<_> = roots.iter().map(|root| Modules::of(root)).collect();
    let circles: Vec<_> = crates.iter().flat_map(Modules::circles).collect();
    assert!(circles.is_empty(), "expected no circle, found {circles:?}; move what both need into a file of its own");
}
